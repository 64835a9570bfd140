import { actions, type Action } from "./actions.svelte";

/** Milliseconds in which the second key of `g p` must follow. */
const CHORD = 1200;

const mac = typeof navigator !== "undefined" && /mac/i.test(navigator.platform);

/** `mod+k` as its caps: `Ctrl`, `K`. */
export function keyCaps(keys: string): string[] {
	return keys
		.split(/[+ ]/)
		.map((key) => (key === "mod" ? (mac ? "⌘" : "Ctrl") : key === "esc" ? "Esc" : key === "enter" ? "Enter" : key.length === 1 ? key.toUpperCase() : key));
}

function pressed(event: KeyboardEvent): string {
	const mod = mac ? event.metaKey : event.ctrlKey;
	const key = event.key === "Escape" ? "esc" : event.key.toLowerCase();
	return mod ? `mod+${key}` : key;
}

/** Whether keys that are typed belong to a text field. */
export function isTyping(target: EventTarget | null): boolean {
	return (
		target instanceof HTMLElement &&
		(target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
			(target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type)))
	);
}

/** Runs an action, unless it is blocked. */
export function perform(action: Action): void {
	if (action.blocked?.() == null) void action.run();
}

/** Listens to the keys of the whole window. A layer that is open (dialog, palette, menu) keeps its keys. */
export function followKeys(): () => void {
	let first: { key: string; at: number } | null = null;
	let layered = false;
	// Asked before anybody handles the key: a layer that closes on Esc is gone by the time the key arrives below.
	const before = () => {
		layered = document.querySelector("[data-layer]") !== null;
	};
	const listener = (event: KeyboardEvent) => {
		if (event.defaultPrevented || event.altKey) return;
		const key = pressed(event);
		if (layered && !key.startsWith("mod+")) return;
		if (isTyping(event.target) && !key.startsWith("mod+")) return;

		const chord = first !== null && event.timeStamp - first.at < CHORD ? `${first.key} ${key}` : null;
		first = null;
		const action =
			(chord === null ? undefined : actions.all.findLast((it) => it.keys === chord)) ?? actions.all.findLast((it) => it.keys === key);
		if (action) {
			event.preventDefault();
			perform(action);
		} else if (actions.all.some((it) => it.keys?.startsWith(`${key} `))) {
			first = { key, at: event.timeStamp };
		}
	};
	addEventListener("keydown", before, { capture: true });
	addEventListener("keydown", listener);
	return () => {
		removeEventListener("keydown", before, { capture: true });
		removeEventListener("keydown", listener);
	};
}
