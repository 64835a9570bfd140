/** The layers of the frame that actions open. */
class Layers {
	palette = $state(false);
	keySheet = $state(false);
	narrow = $state(false);
}

export const layers = new Layers();
