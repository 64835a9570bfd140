/** A card's size in pixels. It stands apart from the placing, so that drawing a card does not bring the placing along. */
export const CARD = { width: 208, height: 44 };
