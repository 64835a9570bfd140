// A comparison at work: a first look, then the columns, then the classifier, then the report.
import type { ColumnSoFar } from "$lib/api/generated/ColumnSoFar";
import type { DriftSoFar } from "$lib/api/generated/DriftSoFar";
import type { Job } from "$lib/api/generated/Job";
import { emit } from "../host";
import { before, CREDIT, type Handlers, world } from "../world";
import { driftRows, driftView } from "./data";

const REPORT = driftRows[0]?.report ?? "";
const ALL = 1_000_000;
const LOOKED = 50_000;

const job: Job = { id: "", kind: "drift", title: "Comparing applications_2026_10.parquet with applications_2026_09.parquet", project: CREDIT, state: "running", done: 0, total: 100, unit: "percent", detail: "", created_at: before(0), ended_at: null, error: null };
let revision = 0;
let begun = 0;

/** What stands at each step: the words of the job, how far it is, and what is known. */
const steps = ["opening", "first look", "some columns", "all columns", "the classifier", "done"] as const;
let at = 0;

function columns(): ColumnSoFar[] {
	if (at === 0) return [];
	const known = driftView(REPORT).report.columns.slice(0, 30);
	return known.map((column, i): ColumnSoFar => {
		const full = at > 2 || (at === 2 && i % 2 === 0);
		const rows = full ? ALL : LOOKED;
		return { column: { ...column, shape: null, p_adjusted: at > 2 ? column.p_adjusted : null, effect: (column.effect ?? 0) + (full ? 0 : 0.004), n: [rows, rows] }, stage: at > 2 ? "settled" : full ? "all_rows" : "first_look" };
	});
}

function soFar(): DriftSoFar {
	const row = driftRows[0];
	if (!row) throw new Error("the invented comparison is gone");
	const sentences = [
		"The tables are being read.",
		"First look at 50,000 of 1,000,000 rows of either table: 7 of 30 columns look different, most of all income, amount and bureau_score. Every verdict is provisional.",
		"15 of 30 columns compared on all rows: 7 of 30 columns look different, most of all income, amount and bureau_score. Every verdict is provisional until all of them are.",
		"7 of 30 columns drifted, most of all income, amount and bureau_score. The classifier, which looks at all columns together, is still learning.",
		"7 of 30 columns drifted, most of all income, amount and bureau_score. The classifier, which looks at all columns together, is still learning.",
		"The comparison is done and kept.",
	];
	return { project: CREDIT, project_name: "Credit risk, retail portfolio", reference: row.reference, current: row.current, revision, rows: { reference: ALL, current: ALL }, looked_at: at > 0 ? { reference: LOOKED, current: LOOKED } : null, sentence: sentences[at] ?? "", columns: columns(), classifier: at < 3 ? null : at === 3 ? 0 : 0.45, report: at === 5 ? REPORT : null };
}

function tell(): void {
	job.done = [0, 0, 25, 50, 68, 100][at] ?? 100;
	job.detail = ["", "", "comparing columns", "training the domain classifier", "training the domain classifier", ""][at] ?? "";
	job.state = at === 5 ? "done" : "running";
	job.ended_at = at === 5 ? before(0) : null;
	emit({ event: "job", job: { ...job } });
}

/** The comparison at work; tests move it on by hand, a browser by the clock. */
export const comparison = {
	get job(): string {
		return job.id;
	},
	report: REPORT,
	begin(): void {
		begun += 1;
		job.id = `job_01930a6e-0000-7000-8000-${String(begun).padStart(12, "0")}`;
		at = 0;
		revision += 1;
		tell();
	},
	/** Says once more how far it is. */
	tell,
	step(): void {
		at = Math.min(at + 1, steps.length - 1);
		revision += 1;
		tell();
	},
};

export const handlers: Handlers = {
	drift_start: () => {
		comparison.begin();
		// A person who looks in a browser sees it move.
		if (world.delay > 0) for (const [i] of steps.slice(1).entries()) setTimeout(() => comparison.step(), 1500 * (i + 1));
		return { job: job.id };
	},
	drift_so_far: (request) => {
		if (request.job !== job.id) throw { code: "not_found", message: "This comparison is not at work any more.", hints: [] };
		return soFar();
	},
};
