// The invented state that handlers share. Every handler file may import it.
import type { Answer, Command, Request } from "$lib/api/types";
import type { ErrorBody } from "$lib/api/generated/ErrorBody";

/** Answers by command. A handler may throw an `ErrorBody`. */
export type Handlers = { [C in Command]?: (request: Request<C>) => Answer<C> };

/** What tests and the address may change. */
export const world = {
	/** Milliseconds until an answer. */
	delay: 20,
	/** Whether nothing has been added yet. */
	empty: false,
	/** Whether the project's own file cannot be understood. */
	damagedRules: false,
	/** Commands that fail, and how. */
	failing: new Map<Command, ErrorBody>(),
};

/** The moment at which this world began; every time in it is told from here. */
export const NOW = Date.now();

/** A time before now. */
export function before(minutes: number): string {
	return new Date(NOW - minutes * 60_000).toISOString();
}

/** A digest that looks like one, always the same for the same text. */
export function digest(text: string): string {
	let a = 0x811c9dc5;
	let out = "";
	for (let i = 0; i < 8; i++) {
		for (const c of `${i}${text}`) a = Math.imul(a ^ c.charCodeAt(0), 0x01000193);
		out += (a >>> 0).toString(16).padStart(8, "0");
	}
	return `sha256:${out}`;
}

/** Numbers that look random, always the same. */
export function random(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

export const CREDIT = "prj_01930a6e-7c1a-7d3e-9b1a-000000000001";
export const CHURN = "prj_01930a6e-7c1a-7d3e-9b1a-000000000002";
export const SAMPLE = "prj_01930a6e-7c1a-7d3e-9b1a-000000000003";
