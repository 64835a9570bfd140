/** Where lists stood, so that going back shows the same place. Lives as long as the window. */
const places = new Map<string, number>();

/** Keeps the scroll of an element under a name while it lives, and restores it. */
export function keepScroll(name: string) {
	return (node: HTMLElement) => {
		const kept = places.get(name);
		if (kept !== undefined) node.scrollTop = kept;
		const listener = () => places.set(name, node.scrollTop);
		node.addEventListener("scroll", listener, { passive: true });
		return () => node.removeEventListener("scroll", listener);
	};
}

const PREFIX = "proofmark.";

/** Reads what a person chose for the looks of the window; `fallback` if nothing or nonsense is stored. */
export function recall<T>(name: string, fallback: T, valid: (value: unknown) => value is T): T {
	const text = localStorage.getItem(PREFIX + name);
	if (text === null) return fallback;
	try {
		const value: unknown = JSON.parse(text);
		return valid(value) ? value : fallback;
	} catch {
		return fallback;
	}
}

/** Stores what a person chose for the looks of the window. */
export function remember(name: string, value: unknown): void {
	localStorage.setItem(PREFIX + name, JSON.stringify(value));
}
