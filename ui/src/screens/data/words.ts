// What findings, columns and sensitive data are called.
import type { DriftChange } from "$lib/api/generated/DriftChange";
import type { Finding } from "$lib/api/generated/Finding";
import type { FindingDecision } from "$lib/api/generated/FindingDecision";
import type { FindingKind } from "$lib/api/generated/FindingKind";
import type { Meaning } from "$lib/api/generated/Meaning";
import type { Scalar } from "$lib/api/generated/Scalar";
import type { SensitiveGroup } from "$lib/api/generated/SensitiveGroup";
import type { Severity } from "$lib/api/generated/Severity";
import type { DatasetRow } from "$lib/api/generated/DatasetRow";
import { number } from "$lib/format";
import { checkStates, type State } from "$lib/words";

export const severityStates: Record<Severity, State> = {
	error: { tone: "fail", word: "Error" },
	warn: { tone: "attention", word: "Warning" },
	info: { tone: "unknown", word: "Note" },
};

export const meaningWords: Record<Meaning, string> = {
	number: "Number",
	boolean: "Yes or no",
	category: "Category",
	identifier: "Identifier",
	date: "Date",
	time: "Time",
	text: "Text",
	nested: "Nested",
	empty: "Empty",
};

export const groupWords: Record<SensitiveGroup, string> = {
	direct: "Direct identifier",
	quasi: "Quasi-identifier",
	special: "Special category",
	financial: "Financial",
	location: "Location",
	secret: "Secret",
	pseudonym: "Pseudonym",
	text: "Free text",
};

export const changeWords: Record<DriftChange, string> = {
	distribution: "Distribution",
	unit: "Unit",
	encoding: "Encoding",
	nulls: "Missing values",
	new_category: "New category",
	season: "Season",
};

/** The labels that a person may put on a column; those that the engine itself looks for. */
export const knownLabels = [
	"name", "email", "phone", "address", "national_id", "passport", "driving_licence", "tax_id", "ip_address", "mac_address", "device_id",
	"vehicle", "user_handle", "iban", "card", "account", "financial", "health", "religion", "ethnicity", "politics", "union", "sexuality",
	"biometric", "genetic", "location", "postcode", "birth_date", "age", "gender", "nationality", "marital_status", "occupation", "secret",
	"free_text", "pseudonym",
] as const;

/** `null_surge` as `Null surge`. */
export function plainName(code: string): string {
	const text = code.replaceAll("_", " ");
	return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** A value of a table as it is shown. Text is shown as it is, numbers with enough digits. */
export function scalar(value: Scalar | null): string {
	if (value === null) return "–";
	if (typeof value === "number") return number(value, 6);
	if (typeof value === "boolean") return value ? "true" : "false";
	return value === "" ? "(empty text)" : value;
}

/** The state of a data set in a list: its checks, or why there are none yet. */
export function stateOf(row: DatasetRow): State {
	if (row.state === "unreadable") return { tone: "fail", word: "Unreadable" };
	if (row.verdict !== null) return checkStates[row.verdict];
	if (row.state === "running") return { tone: "unknown", word: "Being checked" };
	return { tone: "unknown", word: row.state === "waiting" ? "Not checked yet" : "Not checked" };
}

/** Findings as a person decides about them: the same kind on the same columns, in whatever order. */
export function findingKey(kind: FindingKind, columns: readonly string[]): string {
	return JSON.stringify([kind, [...columns].sort()]);
}

/** A finding with the newest decision about it. */
export type JudgedFinding = { key: string; finding: Finding; decision: FindingDecision | null };

const order: Record<Severity, number> = { error: 0, warn: 1, info: 2 };

/** Findings, worst first, each with the newest decision about it. Those that are dismissed come last. */
export function judged(findings: readonly Finding[], decisions: readonly FindingDecision[]): JudgedFinding[] {
	const newest = new Map<string, FindingDecision>();
	for (const decision of decisions) {
		const key = findingKey(decision.kind, decision.columns);
		const known = newest.get(key);
		if (known === undefined || known.at <= decision.at) newest.set(key, decision);
	}
	return findings
		.map((finding, i) => {
			const key = findingKey(finding.kind, finding.columns);
			return { key: `${key} ${i}`, finding, decision: newest.get(key) ?? null };
		})
		.sort(
			(a, b) =>
				Number(isDismissed(a)) - Number(isDismissed(b)) ||
				order[a.finding.severity] - order[b.finding.severity] ||
				b.finding.affected_ratio - a.finding.affected_ratio,
		);
}

/** Whether a person said that a finding does not count. */
export function isDismissed(it: JudgedFinding): boolean {
	return it.decision?.decision === "dismissed";
}
