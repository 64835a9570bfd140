import { onDestroy } from "svelte";
import type { Component } from "svelte";

/** Something that a person can do. Palette, menus, buttons and the key sheet are all fed from here. */
export interface Action {
	/** Unique, such as `go.projects`. */
	id: string;
	/** An imperative sentence: `Add a folder`. */
	title: string;
	/** The heading in palette and key sheet. */
	group: string;
	/** Further words that people look for it by. */
	words?: string;
	/** `mod+k`, `g p`, `?`. `mod` is Ctrl, and Cmd on a Mac. */
	keys?: string;
	/** An icon of `@lucide/svelte`. */
	icon?: Component<{ size?: number }>;
	/** Why it cannot be done now; `null` if it can. */
	blocked?: () => string | null;
	/** Does it. */
	run: () => void | Promise<void>;
	/** Whether the palette leaves it out: what only makes sense as a key. */
	hidden?: boolean;
}

type ActionSet = { list: () => readonly Action[] };

/** Every action that there is now: those of the frame, then those of the screen. */
class Actions {
	#sets = $state.raw<readonly ActionSet[]>([]);
	// The same list, kept outside the reactive graph: a component that is being destroyed reads state as it was before, and would
	// write back a list without the screen that has just replaced it.
	#now: readonly ActionSet[] = [];
	/** All of them; a later one replaces an earlier one with the same id. */
	readonly all = $derived.by(() => {
		const byId = new Map<string, Action>();
		for (const set of this.#sets) for (const action of set.list()) byId.set(action.id, action);
		return [...byId.values()];
	});

	/** Adds a set; the answer takes it away again. */
	add(list: () => readonly Action[]): () => void {
		const set: ActionSet = { list };
		this.#sets = this.#now = [...this.#now, set];
		return () => {
			this.#sets = this.#now = this.#now.filter((other) => other !== set);
		};
	}

	/** One action. */
	get(id: string): Action | undefined {
		return this.all.find((action) => action.id === id);
	}
}

/** The registry of actions. */
export const actions = new Actions();

/** Offers actions while the component lives. The getter follows what it reads. */
export function useActions(list: () => readonly Action[]): void {
	onDestroy(actions.add(list));
}

/** How well `text` fits what was typed; 0 if it does not. Every word typed must begin a word, or stand inside one. */
export function fit(text: string, typed: string): number {
	const words = typed.toLocaleLowerCase().split(/\s+/).filter((word) => word !== "");
	const hay = text.toLocaleLowerCase();
	let score = 1;
	for (const word of words) {
		const at = hay.indexOf(word);
		if (at < 0) return 0;
		const begins = at === 0 || /[\s/_.\-:]/.test(hay[at - 1] ?? "");
		score += (at === 0 ? 4 : begins ? 3 : 1) + word.length / (hay.length + 1);
	}
	return score;
}

/** The actions that fit what was typed, best first; all of them, in their order, if nothing was. */
export function filterActions(list: readonly Action[], typed: string): Action[] {
	const shown = list.filter((action) => !action.hidden);
	if (typed.trim() === "") return shown;
	return shown
		.map((action) => ({ action, score: Math.max(fit(action.title, typed), fit(`${action.title} ${action.group} ${action.words ?? ""}`, typed) * 0.8) }))
		.filter(({ score }) => score > 0)
		.sort((a, b) => b.score - a.score)
		.map(({ action }) => action);
}
