// What the registry's screen concludes from what the engine says.
import type { PlannedMove } from "$lib/api/generated/PlannedMove";
import type { RegistryModel } from "$lib/api/generated/RegistryModel";
import type { RegistryView } from "$lib/api/generated/RegistryView";
import type { Role } from "$lib/api/generated/Role";
import type { VersionRow } from "$lib/api/generated/VersionRow";
import { ago } from "$lib/format";

/** The alias that means "in use". */
export const PRODUCTION = "production";

/** The seal says that bytes were verified just now: after this many milliseconds it no longer stands. */
const JUST_NOW = 60 * 60 * 1000;

/** Roles in the order of a release. */
export const roleWords: readonly { role: Role; title: string; meaning: string }[] = [
	{ role: "owner", title: "Owner", meaning: "Admits people and changes their roles." },
	{ role: "submitter", title: "Submitter", meaning: "Submits candidates." },
	{ role: "approver", title: "Approver", meaning: "Approves or rejects candidates of others." },
	{ role: "governance_reviewer", title: "Governance reviewer", meaning: "Approves with a view to the use of sensitive data." },
	{ role: "publisher", title: "Publisher", meaning: "Publishes approved candidates, moves aliases and withdraws versions." },
];

/** The version that an alias points to now. */
export function aliased(model: RegistryModel, alias: string): VersionRow | null {
	return model.versions.find((it) => it.aliases.includes(alias)) ?? null;
}

/** When something is to begin: `at` as the engine takes it, `null` for at once; or why what was typed is no such time. */
export type Beginning = { at: string | null; why: null } | { at: null; why: string };

/** Reads a day and a time of this computer's clock, such as “2026-12-01 08:00”; nothing means at once. */
export function beginning(text: string, now: number): Beginning {
	const typed = text.trim();
	if (typed === "") return { at: null, why: null };
	const parts = /^(\d{4})-(\d{2})-(\d{2})[T ]+(\d{1,2}):(\d{2})$/.exec(typed)?.slice(1).map(Number);
	const no = (why: string): Beginning => ({ at: null, why });
	if (!parts) return no("Write the day and the time, such as “2026-12-01 08:00”, or nothing for at once.");
	const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts;
	const time = new Date(year, month - 1, day, hour, minute);
	// A clock that is put forward has hours that are not there; Date moves what does not exist to what does.
	const same = time.getFullYear() === year && time.getMonth() === month - 1 && time.getDate() === day && time.getHours() === hour && time.getMinutes() === minute;
	if (!same) return no("There is no such day or time.");
	if (time.getTime() <= now) return no("That time has passed. Write a later one, or nothing for at once.");
	return { at: time.toISOString(), why: null };
}

/** The promotions of a model that wait for their time, the soonest first. */
export function waitingMoves(model: RegistryModel): PlannedMove[] {
	return model.planned.filter((it) => it.ended === null);
}

/** Where a roll-back would lead, or why there is none. */
export type RollBack = { to: VersionRow; from: VersionRow; why: null } | { to: null; from: VersionRow | null; why: string };

/**
 * The version before the one in production: the last one that production pointed to before, below the present one; where the
 * history names none, the newest one below. Only what is lower counts, so that rolling back twice goes back twice. Withdrawn
 * versions are passed over.
 */
export function rollBackTarget(model: RegistryModel): RollBack {
	const from = aliased(model, PRODUCTION);
	if (!from) return { to: null, from: null, why: "No version is in production, so there is nothing to roll back." };
	const usable = model.versions.filter((it) => it.version < from.version && it.withdrawn === null);
	const known = new Map(usable.map((it) => [it.version, it]));
	const moves = model.alias_moves.filter((it) => it.alias === PRODUCTION).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
	for (const move of moves) {
		const to = move.version === null ? undefined : known.get(move.version);
		if (to) return { to, from, why: null };
	}
	const newest = usable.reduce<VersionRow | null>((best, it) => (best === null || it.version > best.version ? it : best), null);
	if (newest) return { to: newest, from, why: null };
	return { to: null, from, why: `Version ${from.version} has none before it that may be used.` };
}

/** Whether the seal may stand beside a version; `why` says why it does not. */
export type SealState = { verified: boolean; at: string | null; by: string | null; why: string; /** The same in two or three words, for a line of a list. */ brief: string };

/**
 * The seal stands if the last verification found everything as it was signed, found this version's very digest, and was just
 * now. Whatever came or changed since stands in the view and not in the report, so it loses the seal by itself.
 */
export function sealOf(view: RegistryView, model: string, version: VersionRow, now: number): SealState {
	const no = (brief: string, why: string): SealState => ({ verified: false, at: view.verified_at, by: null, why: `No seal: ${why}`, brief });
	if (view.problem !== null) return no("cannot be read", "the registry cannot be read at the moment.");
	const { verified, verified_at: at } = view;
	if (verified === null || at === null) return no("never verified", "nobody verified it from this machine yet.");
	const found = verified.versions.find((it) => it.model === model && it.version === version.version);
	if (!found) return no("not verified yet", "it was published after the last verification.");
	if (found.verdict !== "ok") return no("found wrong", "the last verification found something wrong with this version.");
	if (found.digest !== version.bundle) return no("changed since", "it is not what the last verification looked at.");
	if (verified.verdict !== "ok") return no("registry not sound", "this version was as it was signed, and the last verification found problems elsewhere in this registry.");
	if (version.withdrawn !== null) return no("withdrawn", "it is withdrawn and must not be used.");
	const age = now - Date.parse(at);
	if (!(age < JUST_NOW)) return no(`verified ${ago(at, now)}`, `it was last verified ${ago(at, now)}. Verify again to be sure of now.`);
	return { verified: true, at, by: found.signers.length > 0 ? found.signers.join(", ") : null, why: "", brief: "verified" };
}

/** The lines by which others take a version out and check it. */
export function consumeLines(view: RegistryView, model: string, version: VersionRow): { take: string; check: string } {
	const alias = version.aliases.includes(PRODUCTION) ? PRODUCTION : version.aliases[0];
	const wanted = alias === undefined ? `${model}/${version.version}` : `${model}@${alias}`;
	return { take: `proofmark registry fetch ${wanted} --to ${quoted("./" + model)}`, check: `proofmark registry verify ${quoted(view.path ?? "DIR")}` };
}

/** A path as a shell takes it. */
function quoted(path: string): string {
	if (/^[\w./:@-]+$/.test(path)) return path;
	// Windows has no single quotes, and its paths have backslashes that a double-quoted one keeps.
	return /^([A-Za-z]:|\\\\)/.test(path) ? `"${path}"` : `'${path.replaceAll("'", `'\\''`)}'`;
}
