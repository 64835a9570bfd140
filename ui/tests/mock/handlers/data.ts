import type { ColumnDrift } from "$lib/api/generated/ColumnDrift";
import type { ColumnProfile } from "$lib/api/generated/ColumnProfile";
import type { DatasetRow } from "$lib/api/generated/DatasetRow";
import type { DatasetView } from "$lib/api/generated/DatasetView";
import type { DriftRow } from "$lib/api/generated/DriftRow";
import type { DriftView } from "$lib/api/generated/DriftView";
import type { Figure } from "$lib/api/generated/Figure";
import type { Finding } from "$lib/api/generated/Finding";
import type { FindingRow } from "$lib/api/generated/FindingRow";
import type { FindingState } from "$lib/api/generated/FindingState";
import type { HoldWord } from "$lib/api/generated/HoldWord";
import type { Rule } from "$lib/api/generated/Rule";
import type { RuleList } from "$lib/api/generated/RuleList";
import type { Said } from "$lib/api/generated/Said";
import type { MonitorRow } from "$lib/api/generated/MonitorRow";
import type { ProxyReport } from "$lib/api/generated/ProxyReport";
import type { ProxyTarget } from "$lib/api/generated/ProxyTarget";
import type { ProxyVerdict } from "$lib/api/generated/ProxyVerdict";
import type { SensitiveColumn } from "$lib/api/generated/SensitiveColumn";
import { before, CHURN, CREDIT, digest, type Handlers, random, world } from "../world";
import { projects } from "./frame";
import { filesOf } from "./projects";

const MAIN = "data/raw/applications_2026_10.parquet";
const REFERENCE = "data/raw/applications_2026_09.parquet";
const nameOf = (project: string) => projects.find((it) => it.project.id === project)?.project.name ?? "";

const said = new Map<string, Said>([["unsorted_time", { state: "expected", reason: "The source writes per branch; the order never mattered.", by: "Amara Okonkwo", at: before(60 * 30), until: null, share: 0.07 }]]);
const holds = new Map<string, HoldWord>([[digest(MAIN), { state: "held", by: "proofmark", by_screening: true, reason: "It failed its checks. Income is 12 times lower than in the reference in 18 % of the rows: it looks like monthly amounts among yearly ones.", at: before(128) }]]);
const references = new Map<string, string | null>([[MAIN, REFERENCE]]);
const notSensitive = new Set<string>();
const labelled = new Map<string, string>();

const findings: Finding[] = [
	{ kind: "unit_change", columns: ["income"], severity: "error", confidence: 0.97, affected_rows: 216_880, affected_ratio: 0.18, example_rows: [12, 88, 102, 1_204, 5_520, 5_521, 9_001], message: "Income is 12 times lower than in the reference in 18 % of the rows: it looks like monthly amounts among yearly ones.", suggestion: "Multiply the rows of branch 7 and 9 by 12, or ask who exported them. A model trained on this learns two scales at once and misjudges the poorer fifth.", measures: [{ name: "median of the two groups, ratio", value: 12.02, limit: 3 }, { name: "share of rows in the lower group", value: 0.18, limit: 0.01 }] },
	{ kind: "null_surge", columns: ["bureau_score", "bureau_last_enquiry_at_the_time_of_application_including_soft_pulls"], severity: "error", confidence: 1, affected_rows: 401_220, affected_ratio: 0.333, example_rows: [3, 7, 9], message: "A third of the bureau scores are missing; in the reference it was 2 %.", suggestion: "Look for a failed join with the bureau extract.", measures: [{ name: "share missing", value: 0.333, limit: 0.07 }] },
	{ kind: "duplicate_keys", columns: ["application_id"], severity: "error", confidence: 1, affected_rows: 214, affected_ratio: 0.000178, example_rows: [40_112, 40_113], message: "214 rows repeat an application that stands in another row.", suggestion: "Keep the newest row of each.", measures: [] },
	{ kind: "casing_variants", columns: ["عنوان الفرع"], severity: "warn", confidence: 0.9, affected_rows: 1_204, affected_ratio: 0.001, example_rows: [9], message: "The same branches are written in several ways.", suggestion: "Fold the case before encoding.", measures: [] },
	{ kind: "target_leakage", columns: ["collections_flag"], severity: "warn", confidence: 0.83, affected_rows: 0, affected_ratio: 0, example_rows: [], message: "“collections_flag” alone predicts the target almost perfectly: it is probably written after the outcome is known.", suggestion: "Leave it out, or prove that it is known at the time of the decision.", measures: [{ name: "AUC of the column alone", value: 0.991, limit: 0.95 }] },
	{ kind: "unsorted_time", columns: ["submitted_at"], severity: "info", confidence: 1, affected_rows: 88_000, affected_ratio: 0.07, example_rows: [2], message: "The rows are not in the order of their time.", suggestion: "", measures: [] },
];

const names = ["application_id", "applicant_name", "email", "birth_date", "postcode", "income", "amount", "bureau_score", "submitted_at", "عنوان الفرع", "collections_flag", "note", "default_12m"];
function columnsOf(): ColumnProfile[] {
	const next = random(11);
	const rows = 1_204_881;
	return Array.from({ length: 64 }, (_, i): ColumnProfile => {
		const name = names[i] ?? (i === 20 ? "macro_overlay_unemployment_rate_regional_three_month_moving_average_lagged_twelve_months" : `feature_${String(i).padStart(3, "0")}`);
		const text = ["applicant_name", "email", "postcode", "note", "عنوان الفرع"].includes(name);
		const time = name.endsWith("_at") || name.endsWith("_date");
		const mean = next() * 10 ** (i % 6);
		return {
			name,
			type: text ? "string" : time ? "timestamp[us]" : name === "application_id" ? "int64" : name === "feature_040" ? "null" : "float64",
			meaning: name === "application_id" ? "identifier" : name === "note" ? "text" : text ? "category" : time ? "time" : name === "feature_040" ? "empty" : name === "default_12m" ? "boolean" : "number",
			nulls: i % 3 === 0 ? 0 : Math.floor(next() * rows * (name === "bureau_score" ? 0.33 : 0.02)),
			distinct: name === "default_12m" ? 2 : Math.floor(next() * rows),
			distinct_is_estimate: i % 2 === 0,
			min: text ? "***" : time ? "2024-01-01T00:00:00Z" : -mean * 2,
			max: text ? "***" : time ? "2026-10-31T23:59:59Z" : mean * 40,
			mean: text || time ? null : mean,
			std: text || time ? null : mean / 3,
			quantiles: text || time ? {} : { "0.01": mean / 8, "0.25": mean / 2, "0.5": mean, "0.75": mean * 1.7, "0.99": mean * 9 },
			top: text ? [{ value: "***", count: 22_001 }, { value: "A*** (masked)", count: 18_002 }, { value: "", count: 12 }] : name === "default_12m" ? [{ value: 0, count: 1_100_000 }, { value: 1, count: 104_881 }] : [],
			zeros: text || time ? null : 220,
			negatives: text || time ? null : 3,
			not_finite: text || time ? null : 0,
			lengths: text ? [1, 244] : null,
			histogram: null,
			patterns: name === "postcode" ? [{ pattern: "99999", share: 0.97 }, { pattern: "A-9999", share: 0.02 }] : [],
			times: time ? { unit: "second", days: 640, step: "working_days", missing: 3, gaps: [{ after: "2026-03-03", before: "2026-03-06", missing: 2 }] } : null,
			masked: text,
		};
	});
}

const sensitiveNames: Record<string, [string, SensitiveColumn["group"], number]> = {
	applicant_name: ["name", "direct", 0.96],
	email: ["email", "direct", 0.999],
	birth_date: ["birth_date", "quasi", 0.91],
	postcode: ["postcode", "quasi", 0.78],
	income: ["financial", "financial", 0.7],
	note: ["health", "special", 0.62],
};
function proxiesOf(path: string): ProxyReport {
	const target = (column: string, verdict: ProxyVerdict, auc: number, features: [string, number, number][], why: string): ProxyTarget => ({ column, label: column, verdict, predicted: "classes", classes: 2, rows: 4_000, auc, interval: [auc - 0.02, auc + 0.02], p_value: verdict === "none" ? 0.48 : 0.048, baseline: { permutations: 20, mean: 0.5, highest: 0.53 }, features: features.map(([name, alone, importance]) => ({ column: name, alone, importance })), why });
	return {
		path,
		rows: 1_204_118,
		rows_read: 4_000,
		features: ["amount", "feature_001", "postcode"],
		left_out: [["email", "names a person and is no feature"]],
		targets: [
			target("birth_date", "strong", 0.86, [["feature_001", 0.84, 0.21], ["amount", 0.62, 0.03]], "Leaving this column out does not hide it: the other columns predict it well (area under the curve 0.86, chance reaches 0.53 at most), above all `feature_001`, `amount`."),
			target("postcode", "none", 0.51, [], "The other columns do not predict this one better than chance (area under the curve 0.51, chance reaches 0.53 at most)."),
		],
	};
}

function sensitiveOf(): SensitiveColumn[] {
	return columnsOf().map(({ name }) => {
		const found = sensitiveNames[name];
		const own = labelled.get(name);
		const sensitive = !notSensitive.has(name) && (found !== undefined || own !== undefined);
		return {
			name,
			sensitive,
			group: sensitive ? (found?.[1] ?? "direct") : null,
			labels: sensitive ? [{ label: own ?? found?.[0] ?? "name", confidence: own ? 1 : (found?.[2] ?? 1) }, ...(name === "note" ? [{ label: "free_text", confidence: 0.58 }] : [])] : [],
			factors: found
				? [
						{ name: "column_name", value: `the words of “${name}”`, weight: 2.3026, why: "Columns with these words hold it in most data sets." },
						{ name: "format", value: "0.998 of distinct values have the form", weight: 3.1, why: "Few other things look like this." },
						{ name: "cardinality", value: "0.93 of the values are different", weight: 0.6, why: "People differ." },
						{ name: "sample_values", value: "0.02 of the values are test data", weight: -0.7, why: "Test data speaks against a real person." },
					]
				: [{ name: "column_name", value: "no known word", weight: -1.2, why: "The name says nothing." }],
		};
	});
}

function findingRows(project: string): FindingRow[] {
	const order: FindingState[] = ["open", "acknowledged", "expected", "muted", "resolved"];
	const gone: Finding = { kind: "sentinel", columns: ["amount"], severity: "error", confidence: 0.97, affected_rows: 31, affected_ratio: 0.0003, example_rows: [4], message: "`amount` is -1 in 31 rows.", suggestion: "", measures: [] };
	const row = (finding: Finding, at: number): FindingRow => {
		const word = said.get(finding.kind) ?? null;
		const state = finding === gone ? "resolved" : (word?.state ?? "open");
		const rule: Rule | null = finding.kind === "null_surge" ? { rule: "not_null", column: "bureau_score", at_most: 0.07 } : finding.kind === "duplicate_keys" ? { rule: "unique", columns: ["application_id"] } : null;
		return {
			id: `f0${at}a1b2c3d`,
			project,
			project_name: nameOf(project),
			path: MAIN,
			digest: digest(MAIN),
			finding,
			state,
			reopened: null,
			said: word,
			since: before(60 * (at + 2)),
			resolved_at: finding === gone ? before(60) : null,
			rule,
			rule_sentence: rule === null ? null : rule.rule === "unique" ? "No two rows have the same value in `application_id`." : "`bureau_score` lacks a value in at most 7 % of the rows.",
		};
	};
	const counting = (it: FindingRow) => it.state === "open" || it.state === "acknowledged";
	return [...findings, gone].map(row).sort((a, b) => Number(counting(b)) - Number(counting(a)) || order.indexOf(a.state) - order.indexOf(b.state));
}
let rules: Rule[] = [
	{ rule: "in_range", column: "amount", min: 0, max: 250_000 },
	{ rule: "one_of", column: "bureau_score_band", values: ["A", "B", "C"] },
];
const sentenceOf = (rule: Rule): string => ("column" in rule ? `\`${rule.column}\` keeps ${rule.rule.replaceAll("_", " ")}.` : `The table keeps ${rule.rule.replaceAll("_", " ")}.`);
const ruleList = (): RuleList => ({
	file: "/home/amara/work/credit-risk/proofmark.toml",
	from: world.damagedRules ? "last_good" : "file",
	problem: world.damagedRules ? { message: "/home/amara/work/credit-risk/proofmark.toml, line 12, column 8, cannot be understood: invalid basic string.", line: 12, column: 8 } : null,
	rules: rules.map((rule, index) => ({ entry: index === 1 ? "data/raw/applications_*.parquet" : MAIN, index, rule, sentence: sentenceOf(rule) })),
	columns: names,
	suggested: [{ rule: { rule: "not_null", column: "application_id", at_most: 0 }, sentence: "`application_id` has a value in every row." }],
	suggested_from: REFERENCE,
});

function rowsOf(project: string): DatasetRow[] {
	return filesOf(project)
		.filter((it) => it.facts.kind === "dataset" || it.facts.kind === "prediction_log")
		.map((it, i): DatasetRow => {
			const main = it.facts.path === MAIN;
			const unreadable = i % 41 === 7;
			const waiting = i % 23 === 5;
			return {
				project,
				project_name: nameOf(project),
				path: it.facts.path,
				digest: it.facts.digest,
				media_type: it.facts.media_type,
				size: it.facts.size,
				modified: it.facts.modified,
				state: main ? "done" : unreadable ? "unreadable" : waiting ? "waiting" : "done",
				problem: unreadable && !main ? "The Parquet footer is cut off at byte 8,120: the file ends in the middle of a row group." : null,
				rows: (unreadable || waiting) && !main ? null : main ? 1_204_881 : Math.floor(it.facts.size / 412),
				columns: (unreadable || waiting) && !main ? null : main ? 64 : 8 + (i % 30),
				verdict: main ? "fail" : unreadable || waiting ? null : (it.verdict ?? "pass"),
				findings: main ? [3, 2, 1] : it.verdict === "warn" ? [0, 2, 0] : i % 9 === 0 ? [0, 0, 3] : [0, 0, 0],
				labels: main ? ["name", "email", "birth_date", "postcode", "financial", "health"] : it.labels,
				models: main ? 2 : i % 7 === 0 ? 1 : 0,
				is_prediction_log: it.facts.kind === "prediction_log",
				hold: holds.get(it.facts.digest) ?? null,
			};
		});
}

export const driftRows: DriftRow[] = [
	{ report: "rep_01930a6e-0000-7000-8000-000000000001", project: CREDIT, reference: REFERENCE, current: MAIN, verdict: "drift", why: "Income and the bureau score changed by more than chance and more than is allowed; a classifier tells the tables apart in 9 of 10 cases.", drifted: 7, compared: 58, auc: 0.912, created_at: before(125) },
	{ report: "rep_01930a6e-0000-7000-8000-000000000002", project: CREDIT, reference: REFERENCE, current: "logs/predictions/part_00012.jsonl", verdict: "no_drift", why: "No column changed by more than is allowed, and a classifier does no better than chance.", drifted: 0, compared: 58, auc: 0.507, created_at: before(60 * 9) },
	{ report: "rep_01930a6e-0000-7000-8000-000000000003", project: CREDIT, reference: "data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet", current: "logs/predictions/part_00040.jsonl", verdict: "cannot_tell", why: "The log holds 31 rows: too few to tell a change from chance.", drifted: 0, compared: 58, auc: null, created_at: before(60 * 50) },
];

export function driftView(report: string): DriftView {
	const row = driftRows.find((it) => it.report === report);
	if (!row) throw { code: "not_found", message: `There is no report ${report}.`, hints: ["It may have been made for a project that was removed."] };
	const next = random(5);
	const drifted = row.verdict === "drift";
	const columns = columnsOf()
		.filter((it) => it.meaning !== "identifier" && it.meaning !== "empty")
		.map((it, i): ColumnDrift => {
			const effect = drifted ? 0.62 * 0.86 ** i : next() * 0.03;
			const verdict = row.verdict === "cannot_tell" ? "cannot_tell" : effect > 0.1 ? "drift" : "no_drift";
			return {
				name: it.name, verdict, effect: row.verdict === "cannot_tell" && i > 3 ? null : effect, interval: [Math.max(0, effect - 0.03 - next() * 0.02), effect + 0.03 + next() * 0.02],
				p_value: verdict === "drift" ? 1e-12 : next(), p_adjusted: verdict === "drift" ? 3e-11 : Math.min(1, next() * 2), change: verdict === "drift" ? (["unit", "nulls", "distribution", "new_category"] as const)[i % 4] ?? null : null,
				statistics: { ks: effect, psi: effect * 1.4, js: effect / 2, wasserstein: effect * 1200 }, n: [1_180_220, 1_204_881], threshold: 0.1,
				why: verdict === "drift" ? "The distance is larger than allowed and larger than chance explains." : "The distance is within what is allowed.",
				shape: { shape: "numeric", edges: [0, 1, 2], reference: [0.4, 0.6], current: [0.7, 0.3] },
			};
		});
	return {
		row, project_name: nameOf(row.project),
		report: {
			reference: row.reference, current: row.current, verdict: row.verdict, rows: { reference: 1_180_220, current: 1_204_881 }, columns, why: row.why,
			joint: {
				verdict: row.verdict, auc: row.auc, interval: row.auc === null ? null : [row.auc - 0.008, row.auc + 0.008], p_value: row.auc === null ? null : 1e-9,
				drivers: columns.slice(0, 14).map((it, i) => ({ column: it.name, importance: 0.3 * 0.7 ** i })), left_out: [["application_id", "an identifier: it differs in every table"], ["submitted_at", "a time: it always tells two months apart"]],
				roc: row.auc === null ? [] : [[0, 0], [0.1, 0.7], [0.3, 0.9], [1, 1]], n: [20_000, 20_000], without: row.auc === null ? null : { columns: ["income"], auc: 0.53, interval: [0.51, 0.55] }, typical: row.auc === null ? [] : [{ row: 812, sure: 0.97 }, { row: 40, sure: 0.96 }], why: row.auc === null ? "There are too few rows to train a classifier." : row.why,
			},
			concept: drifted ? { verdict: "cannot_tell", why: "The outcome is known for 212 rows only; 1,000 are needed." } : null,
		},
	};
}

const bars = (seed: number, n: number, w: number, h: number, both: boolean): Figure => {
	const next = random(seed);
	const step = (w - 40) / n;
	let svg = "";
	const marks: Figure["marks"] = [];
	for (let i = 0; i < n; i++) {
		const height = (h - 40) * Math.exp(-(((i - n / 2.5) / (n / 4)) ** 2)) * (0.7 + next() * 0.3);
		const x = 30 + i * step;
		if (both) svg += `<rect class="fig-reference" fill-opacity="0.6" stroke="none" x="${x}" y="${h - 24 - height * 0.8}" width="${step / 2 - 1}" height="${height * 0.8}"/>`;
		svg += `<rect class="fig-current" stroke="none" x="${x + (both ? step / 2 : 0)}" y="${h - 24 - height}" width="${(both ? step / 2 : step) - 1}" height="${height}"/>`;
		marks.push({ series: "rows", label: `${i * 1000} to ${(i + 1) * 1000}`, value: `${Math.round(height * 900)} rows`, x, y: h - 24 - height, width: step - 1, height });
	}
	return { title: "Distribution", description: "Most values lie a little below the middle.", svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}"><line class="fig-axis" x1="30" x2="${w - 10}" y1="${h - 24}" y2="${h - 24}"/>${svg}<text class="fig-text" x="30" y="${h - 8}" font-size="11">0</text></svg>`, width: w, height: h, marks };
};
function small(seed: number): Figure {
	const next = random(seed);
	let svg = "";
	for (let i = 0; i < 20; i++) {
		const h = 2 + next() * 20;
		svg += `<rect class="fig-current" stroke="none" x="${i * 6}" y="${24 - h}" width="5" height="${h}"/>`;
	}
	return { title: "Distribution", description: "As a small figure.", svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 24">${svg}</svg>`, width: 120, height: 24, marks: [] };
}
const seedOf = (text: string) => [...text].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) >>> 0;

const logs: MonitorRow[] = [
	{ project: CREDIT, project_name: nameOf(CREDIT), log: { path: "logs/predictions/part_00034.jsonl", rows: 41_203, model: "credit-default-scorecard", versions: ["3", "2"], span: [before(60 * 24 * 7), before(8)], duplicate_ids: 12 }, head: { report: "rep_00000000-0000-7000-8000-0000000000aa", state: "bad", why: "The scorecard became worse.", alerts: 2, requests: [4_100, 4_020, 4_300, 3_900, 4_400, 4_120, 4_600, 4_210, 3_950, 4_380], last_window: before(60), created_at: before(12) }, drift: driftRows[0] ?? null, reference: REFERENCE, sentence: "The scorecard is asked about other people than it was trained on: 7 of 58 columns drifted, income most of all.", tone: "fail" },
	{ project: CREDIT, project_name: nameOf(CREDIT), log: { path: "logs/predictions/part_00040.jsonl", rows: 31, model: null, versions: [], span: null, duplicate_ids: 0 }, head: null, drift: driftRows[2] ?? null, reference: null, sentence: "Nobody can tell whether it still holds: the log names no model, and 31 predictions are too few.", tone: "unknown" },
	{ project: CREDIT, project_name: nameOf(CREDIT), log: { path: "logs/predictions/part_00012.jsonl", rows: 8_240, model: "early-warning-gradient-boosting-with-bureau-features-and-macro-overlay", versions: ["1"], span: [before(60 * 24 * 30), before(60 * 24)], duplicate_ids: 0 }, head: null, drift: driftRows[1] ?? null, reference: REFERENCE, sentence: "The early warning model is asked about the same kind of people as it was trained on.", tone: "pass" },
];

export const handlers: Handlers = {
	dataset_list: ({ project }) => ({ datasets: world.empty ? [] : project === null ? [CREDIT, CHURN].flatMap(rowsOf) : rowsOf(project) }),
	dataset_show: ({ project, path }): DatasetView => {
		const row = rowsOf(project).find((it) => it.path === path);
		if (!row) throw { code: "not_found", message: `There is no data set ${path} in this project.`, hints: ["It may have been moved or deleted."] };
		const main = row.path === MAIN;
		const looked = row.state === "done";
		return {
			row,
			sentence: main
				? "Not fit for training: 3 errors concern 18 % of the rows; it holds names, e-mail addresses and four more kinds of personal data."
				: looked ? "Fit for training: no rule was broken, and nothing sensitive was found." : row.state === "unreadable" ? "Nobody can tell: it could not be read as a table." : "Nobody can tell yet: it waits to be looked at.",
			tone: main ? "fail" : looked ? "pass" : "unknown",
			profile: looked ? { path, digest: row.digest, rows: row.rows ?? 0, reading: { format: "parquet", delimiter: null, encoding: null, has_header: null, notes: main ? ["Two row groups are empty.", "The column “feature_040” holds nothing."] : [] }, columns: columnsOf(), associations: [{ a: "income", b: "amount", measure: "spearman", value: 0.71, rows: 10_000 }] } : null,
			check: looked ? { notes: [], path, reference: references.get(path) ?? null, rows: row.rows ?? 0, verdict: row.verdict ?? "pass", findings: main ? findings : [] } : null,
			sensitive: looked ? { path, rows: row.rows ?? 0, rows_read: Math.min(row.rows ?? 0, 200_000), detector_version: 2, ...(main ? { changed: { from: 1, columns: [{ column: "postcode", before: [], after: ["postcode"] }] } } : { changed: null }), proxies: null, columns: main ? sensitiveOf() : sensitiveOf().map((it) => ({ ...it, sensitive: false, labels: [], group: null })), k_anonymity: main ? { columns: ["birth_date", "postcode"], k: 1, unique_rows: 8_812, small_groups: 20_114, rows: 200_000, combinations: [{ columns: ["birth_date", "postcode"], groups: 150_220, k: 1, unique_rows: 8_812, unique_ratio: 0.044, small_groups: 20_114 }, { columns: ["birth_date"], groups: 24_000, k: 1, unique_rows: 90, unique_ratio: 0.00045, small_groups: 811 }] } : { columns: [], k: null, unique_rows: 0, small_groups: 0, rows: 0, combinations: [] } } : null,
			proxies: main ? proxiesOf(path) : null,
			findings: main && looked ? findingRows(project) : [],
			versions: [{ digest: row.digest, seen_at: before(130), size: row.size, verdict: row.verdict, hold: row.hold }, { digest: digest("old"), seen_at: before(60 * 24 * 12), size: 800_000, verdict: "pass", hold: { state: "released", by: "Jonas Lindqvist", by_screening: false, reason: "The bureau confirmed the new scale.", at: before(60 * 24 * 11) } }, { digest: digest("older"), seen_at: before(60 * 24 * 30), size: 790_000, verdict: null, hold: null }],
			written_by: main ? [{ run: "run_01930a6e-7c1a-7d3e-9b1a-000000000001", name: "prepare-features", basis: "observed", confidence: 1 }] : [],
			read_by: main ? [{ run: "run_01930a6e-7c1a-7d3e-9b1a-000000000002", name: "train-scorecard with a very long name that nobody can remember", basis: "inferred", confidence: 0.72 }, { run: "run_01930a6e-7c1a-7d3e-9b1a-000000000003", name: "evaluate", basis: "declared", confidence: 1 }] : [],
			models: main ? [{ path: "models/scorecard_v4.onnx", digest: digest("models/scorecard_v4.onnx"), confidence: 0.72 }, { path: "models/early_warning.ubj", digest: digest("e"), confidence: 1 }] : [],
			reference: references.get(path) ?? null,
			reference_basis: references.has(path) ? "chosen" : null,
			possible_references: rowsOf(project).map((it) => it.path).filter((it) => it !== path).slice(0, 60),
			drifts: main ? driftRows.slice(0, 1) : [],
		};
	},
	dataset_versions: ({ after }) => {
		const [first, second] = columnsOf();
		if (after === digest("older") || !first || !second) return { pair: null, problem: "The version was not looked at, so nothing is known of it." };
		return { pair: { sentence: "1,204 rows more; 1 column added, 1 column changed.", rows_before: 1_203_677, rows_after: 1_204_881, columns: [{ name: "default_24m", fate: "added", before: null, after: second, changes: [] }, { name: "income", fate: "changed", before: first, after: first, changes: [{ fact: "missing", before: "0.0 %", after: "2.1 %" }, { fact: "mean", before: "31,204", after: "28,110" }] }, { name: "amount", fate: "same", before: first, after: first, changes: [] }] }, problem: null };
	},
	dataset_set_reference: (request) => {
		references.set(request.path, request.reference);
		return handlers.dataset_show?.({ project: request.project, path: request.path }) as DatasetView;
	},
	finding_list: ({ project, states, severity, limit }) => {
		const all = world.empty || (project !== null && project !== CREDIT) ? [] : findingRows(CREDIT).filter((it) => severity === null || it.finding.severity === severity);
		const of = (state: FindingState) => all.filter((it) => it.state === state).length;
		const fitting = all.filter((it) => (states.length === 0 ? it.state === "open" || it.state === "acknowledged" : states.includes(it.state)));
		return { sentence: fitting.length === 0 ? "No check has found anything." : "3 errors, 2 warnings in 1 data set; 5 of them nobody has looked at.", findings: fitting.slice(0, limit ?? 200), total: fitting.length, counts: { open: of("open"), acknowledged: of("acknowledged"), expected: of("expected"), muted: of("muted"), resolved: of("resolved"), errors: 3, warnings: 2, remarks: 0, datasets: 1 } };
	},
	finding_examples: ({ rows, columns }) => {
		const shown = [...new Set([...columns.slice(0, 2), "application_id", "applicant_name"])];
		return { columns: shown, hidden: ["applicant_name"], more_columns: 51, rows: rows.map((row) => ({ row, values: shown.map((it) => (it === "applicant_name" ? null : it === "application_id" ? `A-${row}` : "1204.5")) })), problem: null };
	},
	finding_decide: ({ kind, state, reason, until }) => {
		said.set(kind, { state, reason, by: "Amara Okonkwo", at: new Date().toISOString(), until, share: 0.1 });
		return { message: "It is recorded." };
	},
	hold_list: () => ({ sentence: holds.size === 0 ? "No data is held back." : "1 version is held back: nothing that Proofmark starts reads it.", holds: [...holds].map(([bytes, word]) => ({ project: CREDIT, project_name: nameOf(CREDIT), path: MAIN, digest: bytes, lies_at: [MAIN], word })) }),
	hold_decide: ({ digest: bytes, state, reason, path }) => {
		holds.set(bytes ?? digest(path), { state, by: "Amara Okonkwo", by_screening: false, reason, at: new Date().toISOString() });
		return { message: "It is recorded." };
	},
	rows_set_aside: () => ({ job: "job_1" }),
	rule_list: ruleList,
	rule_try: (request) => ({ rows: 3_000, tried: request.rules.map((rule, i) => ({ sentence: sentenceOf(rule), outcome: i === 0 ? "12 of 3,000 rows would fail." : "Kept: all of 3,000 rows would pass.", finding: i === 0 ? { kind: "out_of_range", columns: [], severity: "error", confidence: 1, affected_rows: 12, affected_ratio: 0.004, example_rows: [3, 9], message: "", suggestion: "", measures: [] } : null })) }),
	rule_write: ({ change }) => {
		if (change.change === "add") rules = [...rules, ...change.rules];
		else if (change.change === "remove") rules = rules.filter((_, i) => i !== change.index);
		else rules = rules.map((it, i) => (i === change.index ? change.rule : it));
		return ruleList();
	},
	label_decide: ({ column, label }) => {
		if (label === null) notSensitive.add(column);
		else {
			notSensitive.delete(column);
			labelled.set(column, label);
		}
		return { message: "It is recorded." };
	},
	screen_start: () => ({ job: "job_1" }),
	proxies_start: () => ({ job: "job_1" }),
	drift_list: ({ project }) => ({ reports: world.empty ? [] : driftRows.filter((it) => project === null || it.project === project) }),
	drift_show: ({ report }) => driftView(report),
	monitor_list: () => ({ logs: world.empty ? [] : logs }),
	figure: (request) => {
		if (request.of === "column" || request.of === "drift_column") {
			return request.small ? small(seedOf(request.column)) : { ...bars(seedOf(request.column), 24, 480, 220, request.of === "drift_column"), title: request.column };
		}
		if (request.of === "monitor") return request.small ? small(5) : { ...bars(9, 24, 980, 380, false), title: "The model over time" };
		if (request.of === "drift_column_so_far") return { ...bars(seedOf(request.column), 24, 480, 220, true), title: request.column };
		if (request.of === "drift_effects" || request.of === "drift_effects_so_far") return { ...bars(3, 20, 640, 300, false), title: "Effect by column" };
		return { title: "Can a classifier tell them apart?", description: "The curve lies far above the diagonal.", svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 300"><line class="fig-grid" x1="40" y1="270" x2="600" y2="20"/><polyline class="fig-current" stroke-width="2" points="40,270 90,110 200,50 600,20"/><line class="fig-axis" x1="40" x2="600" y1="270" y2="270"/><text class="fig-text" x="40" y="290" font-size="11">false positive rate</text></svg>`, width: 640, height: 300, marks: [] };
	},
	report_export: ({ to }) => ({ path: to ?? "/home/amara/Documents/report.html", size: 412_220 }),
};
