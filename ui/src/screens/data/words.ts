// What findings, columns and sensitive data are called.
import type { AssociationMeasure } from "$lib/api/generated/AssociationMeasure";
import type { DriftChange } from "$lib/api/generated/DriftChange";
import type { FindingRow } from "$lib/api/generated/FindingRow";
import type { FindingState } from "$lib/api/generated/FindingState";
import type { HoldState } from "$lib/api/generated/HoldState";
import type { HoldWord } from "$lib/api/generated/HoldWord";
import type { Meaning } from "$lib/api/generated/Meaning";
import type { Scalar } from "$lib/api/generated/Scalar";
import type { SensitiveGroup } from "$lib/api/generated/SensitiveGroup";
import type { TimeShape } from "$lib/api/generated/TimeShape";
import type { TimeStep } from "$lib/api/generated/TimeStep";
import type { Severity } from "$lib/api/generated/Severity";
import type { DatasetRow } from "$lib/api/generated/DatasetRow";
import { count, number, percent } from "$lib/format";
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

/** The statistics of a comparison under the names that people know. */
export const statisticWords: Record<string, string> = {
	ks: "KS distance",
	psi: "PSI",
	js: "Jensen–Shannon",
	jensen_shannon: "Jensen–Shannon",
	wasserstein: "Wasserstein",
	chi2: "χ²",
	tv: "Total variation",
	total_variation: "Total variation",
	hellinger: "Hellinger",
	kl: "Kullback–Leibler",
};

/** The labels that a person may put on a column; those that the engine itself looks for. */
export const knownLabels = [
	"name", "email", "phone", "address", "national_id", "passport", "driving_licence", "tax_id", "ip_address", "mac_address", "device_id",
	"vehicle", "user_handle", "iban", "card", "account", "financial", "health", "religion", "ethnicity", "politics", "union", "sexuality",
	"biometric", "genetic", "location", "postcode", "birth_date", "age", "gender", "nationality", "marital_status", "occupation", "secret",
	"free_text", "pseudonym",
] as const;

/** A sureness or a share as per cent. What is not all of it never reads as 100 %. */
export function sure(value: number | null | undefined): string {
	if (value === null || value === undefined) return "–";
	if (value < 1 && value >= 0.995) return "> 99%";
	if (value > 0 && value < 0.0001) return "< 0.01%";
	return percent(value);
}

/** `a, b and c`. */
export function listed(names: readonly string[]): string {
	return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

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
	return { tone: "unknown", word: "Not checked" };
}

/** Who decided that data is held back or released. */
export function heldBy(word: HoldWord): string {
	return word.by_screening ? "its checks" : word.by;
}

/** The state of a decision about holding data back. */
export const holdStates: Record<HoldState, State> = {
	held: { tone: "attention", word: "Held back" },
	released: { tone: "pass", word: "Released" },
};

/** Where a finding stands with people. */
export const standingStates: Record<FindingState, State> = {
	open: { tone: "attention", word: "Open" },
	acknowledged: { tone: "attention", word: "Acknowledged" },
	expected: { tone: "pass", word: "Expected" },
	muted: { tone: "unknown", word: "Muted" },
	resolved: { tone: "pass", word: "Resolved" },
};

/** Whether a finding counts towards the verdict on its table. */
export function counts(it: FindingRow): boolean {
	return it.state === "open" || it.state === "acknowledged";
}

/** The measures of how two columns go together, under the names that people know. */
export const measureWords: Record<AssociationMeasure, string> = {
	pearson: "Pearson",
	spearman: "Spearman",
	cramers_v: "Cramér’s V",
	correlation_ratio: "correlation ratio",
};

const stepWords: Record<TimeStep, string> = {
	daily: "every day",
	working_days: "every working day",
	weekly: "every week",
	monthly: "every month",
	yearly: "every year",
};

/** How the moments of a column follow each other, in one sentence. */
export function timeSentence(times: TimeShape): string {
	const days = times.days === 1 ? "One day" : `${count(times.days)} days`;
	const step = times.step === null ? "in no fixed step" : stepWords[times.step];
	const missing = times.step === null ? "" : times.missing === 0 ? ", nothing missing" : `, ${count(times.missing)} missing`;
	return `${days}, ${step}${missing}; the finest unit is the ${times.unit}.`;
}
