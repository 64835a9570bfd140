import type { ErrorBody } from "$lib/api/generated/ErrorBody";
import type { Tone } from "$lib/api/generated/Tone";
import { remedyOf } from "$lib/remedies";
import { router } from "$lib/router.svelte";

/** A short message at the edge of the window. */
export interface Toast {
	id: number;
	tone: Tone;
	text: string;
	hints: string[];
	action?: { title: string; run: () => void };
	/** Whether it stays until it is closed. */
	sticky: boolean;
}

const STAYS = 6000;

class Toasts {
	list = $state.raw<readonly Toast[]>([]);
	#next = 1;

	#add(toast: Omit<Toast, "id">): number {
		const id = this.#next++;
		this.list = [...this.list.slice(-3), { ...toast, id }];
		if (!toast.sticky) setTimeout(() => this.close(id), STAYS);
		return id;
	}

	/** Says that something went well. */
	done(text: string, action?: Toast["action"]): number {
		return this.#add({ tone: "pass", text, hints: [], sticky: false, ...(action ? { action } : {}) });
	}

	/** Says something in another tone. */
	say(tone: Tone, text: string, action?: Toast["action"]): number {
		return this.#add({ tone, text, hints: [], sticky: tone === "fail", ...(action ? { action } : {}) });
	}

	/** Says what failed; stays until it is closed. */
	failed(error: ErrorBody): number {
		const remedy = remedyOf(error.code);
		return this.#add({
			tone: error.code === "cancelled" ? "unknown" : "fail",
			text: error.message,
			hints: error.hints,
			sticky: error.code !== "cancelled",
			...(remedy ? { action: { title: remedy.title, run: () => router.go(remedy.address) } } : {}),
		});
	}

	/** Takes one away. */
	close(id: number): void {
		this.list = this.list.filter((toast) => toast.id !== id);
	}
}

/** The messages that are shown now. */
export const toasts = new Toasts();
