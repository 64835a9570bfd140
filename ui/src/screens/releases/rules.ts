// What the release screens conclude from what the engine says. No rule is enforced here: the engine enforces, this explains early.
import type { CandidateRow } from "$lib/api/generated/CandidateRow";
import type { CarriedLabel } from "$lib/api/generated/CarriedLabel";
import type { GateOutcome } from "$lib/api/generated/GateOutcome";
import { number } from "$lib/format";

/** Bytes that a model's name may have. */
const LONGEST = 64;

/** What is wrong with a model's name, in a sentence; `null` if nothing is. The rule is that of `ModelName` in the domain. */
export function modelNameProblem(name: string): string | null {
	if (name === "") return "Type the name under which others will find the model.";
	const stranger = [...name].find((letter) => !/[a-z0-9\-_.]/.test(letter));
	if (stranger !== undefined) {
		const shown = stranger.trim() === "" ? "a space" : `“${stranger}”`;
		return `A name has only lower-case letters, digits, “-”, “_” and “.”; ${shown} is none of them.`;
	}
	if (!/^[a-z0-9]/.test(name)) return "A name starts with a letter or a digit.";
	if (name.endsWith(".")) return "A name does not end with a dot.";
	if (name.length > LONGEST) return `A name has at most ${LONGEST} letters; this one has ${name.length}.`;
	return null;
}

/** The desk: what waits for the person who acts, what waits for others, and what is settled. */
export type Desk = { waits: CandidateRow[]; open: CandidateRow[]; history: CandidateRow[] };

/** Whether nobody can decide on it any more. */
export function isSettled(row: CandidateRow): boolean {
	return row.state === "rejected" || row.state === "published";
}

/** Sorts candidates onto the desk. Each stands in one place; the order of the engine is kept. */
export function deskOf(candidates: readonly CandidateRow[]): Desk {
	const desk: Desk = { waits: [], open: [], history: [] };
	for (const row of candidates) {
		if (isSettled(row)) desk.history.push(row);
		else if (row.waits_for_me) desk.waits.push(row);
		else desk.open.push(row);
	}
	return desk;
}

/** Whether a gate forbids the release. */
export function blocks(gate: GateOutcome): boolean {
	return gate.required && (gate.verdict === "fail" || gate.verdict === "cannot_tell");
}

const weight: Record<GateOutcome["verdict"], number> = { fail: 0, cannot_tell: 1, warn: 2, pass: 3 };

/** Gates in the order in which a person reads them: those that forbid it, those that do not hold, those that warn, the rest. */
export function gatesInOrder(gates: readonly GateOutcome[]): GateOutcome[] {
	return [...gates].sort((a, b) => Number(blocks(b)) - Number(blocks(a)) || weight[a.verdict] - weight[b.verdict]);
}

/** By how much a metric differs from production's, with its sign; `null` if one of them is missing. */
export function metricDifference(candidate: number | null, production: number | null): string | null {
	if (candidate === null || production === null) return null;
	const by = candidate - production;
	if (!Number.isFinite(by)) return null;
	// Two doubles that print alike leave a remainder that means nothing.
	if (Math.abs(by) <= Number.EPSILON * 4 * Math.max(Math.abs(candidate), Math.abs(production))) return "the same";
	return `${by > 0 ? "+" : "−"}${number(Math.abs(by))}`;
}

/** Labels by the data set in which their columns were found, in the order of the engine. */
export function labelsByDataset(labels: readonly CarriedLabel[]): { dataset: string; labels: CarriedLabel[] }[] {
	const groups = new Map<string, CarriedLabel[]>();
	for (const label of labels) {
		const group = groups.get(label.dataset);
		if (group) group.push(label);
		else groups.set(label.dataset, [label]);
	}
	return [...groups].map(([dataset, list]) => ({ dataset, labels: list }));
}
