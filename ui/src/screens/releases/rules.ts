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

/** Days after which a waiver ends if nobody names another day; the engine takes the same. */
const WAIVER_DAYS = 90;
/** No waiver lasts longer. The rule is that of `rules::LONGEST_WAIVER_DAYS` in the domain. */
const LONGEST_WAIVER_DAYS = 366;
const DAY_MS = 86_400_000;

/** The day on which a waiver ends if nobody names another, such as `2027-01-31`. */
export function usualWaiverDay(now: number): string {
	const day = new Date(now + WAIVER_DAYS * DAY_MS);
	return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

/** The end of a day that a person wrote, in their own zone; `null` if it is no day. */
export function endOfDay(text: string): Date | null {
	const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim());
	if (parts === null) return null;
	const [year, month, day] = [Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])];
	const end = new Date(year, month, day, 23, 59, 59, 999);
	return end.getMonth() === month && end.getDate() === day ? end : null;
}

/** What is wrong with the day on which a waiver is to end, in a sentence; `null` if nothing is. */
export function waiverDayProblem(text: string, now: number): string | null {
	const end = endOfDay(text);
	if (end === null) return "Write the day on which it ends as 2027-01-31.";
	if (end.getTime() <= now) return "That day has passed.";
	if (end.getTime() - now > LONGEST_WAIVER_DAYS * DAY_MS) return `A gate is let go for ${LONGEST_WAIVER_DAYS} days at most.`;
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
