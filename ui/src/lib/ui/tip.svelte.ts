import type { Attachment } from "svelte/attachments";

const WAIT = 350;

class Tip {
	/** What is shown now, and beside what. */
	shown = $state.raw<{ text: string; anchor: DOMRect } | null>(null);
	#timer: ReturnType<typeof setTimeout> | undefined;

	show(text: string, node: Element, wait: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			if (node.isConnected) this.shown = { text, anchor: node.getBoundingClientRect() };
		}, wait);
	}

	hide(): void {
		clearTimeout(this.#timer);
		// An element that is taken away loses the focus while the page is being changed, when nothing may be written.
		this.#timer = setTimeout(() => (this.shown = null));
	}
}

/** The one tip of the window. */
export const theTip = new Tip();

/** Shows `text` beside an element that is hovered or focused: `{@attach tip("…")}`. Nothing if there is no text. */
export function tip(text: string | null | undefined): Attachment<Element> {
	return (node) => {
		if (!text) return;
		const enter = () => theTip.show(text, node, WAIT);
		const focus = () => {
			if (node.matches(":focus-visible")) theTip.show(text, node, 0);
		};
		const leave = () => theTip.hide();
		node.addEventListener("pointerenter", enter);
		node.addEventListener("pointerleave", leave);
		node.addEventListener("pointerdown", leave);
		node.addEventListener("focusin", focus);
		node.addEventListener("focusout", leave);
		return () => {
			leave();
			node.removeEventListener("pointerenter", enter);
			node.removeEventListener("pointerleave", leave);
			node.removeEventListener("pointerdown", leave);
			node.removeEventListener("focusin", focus);
			node.removeEventListener("focusout", leave);
		};
	};
}
