import type { ColumnDrift } from "$lib/api/generated/ColumnDrift";
import type { ColumnSoFar } from "$lib/api/generated/ColumnSoFar";
import type { ColumnStage } from "$lib/api/generated/ColumnStage";
import type { ConceptDrift } from "$lib/api/generated/ConceptDrift";
import type { DriftSoFar } from "$lib/api/generated/DriftSoFar";
import type { DriftVerdict } from "$lib/api/generated/DriftVerdict";
import type { DriftView } from "$lib/api/generated/DriftView";
import type { FigureQuery } from "$lib/api/generated/FigureQuery";
import type { JointDrift } from "$lib/api/generated/JointDrift";
import type { ProjectId } from "$lib/api/generated/ProjectId";
import { count, counted } from "$lib/format";
import { driftStates, type State } from "$lib/words";

/** A comparison as its page shows it: whole, or as far as it is. */
export type Shown = {
	project: ProjectId;
	projectName: string;
	reference: string;
	current: string;
	/** `null` while it is at work. */
	verdict: DriftVerdict | null;
	why: string;
	/** One line below the sentence. */
	detail: string;
	columns: readonly ColumnSoFar[];
	/** How far the classifier is, 0..1; `null` before it begins. */
	classifier: number | null;
	joint: JointDrift | null;
	concept: ConceptDrift | null;
	effects: FigureQuery | null;
	/** Its two distributions, if there are any to draw. */
	overlaid: (column: ColumnDrift) => FigureQuery | null;
};

/** A report that is kept. */
export function whole(report: string, { row, project_name, report: it }: DriftView): Shown {
	return {
		project: row.project,
		projectName: project_name,
		reference: row.reference,
		current: row.current,
		verdict: it.verdict,
		why: it.why,
		detail: `${count(it.rows.current)} rows against ${counted(it.rows.reference, "row")} of the reference; ${count(row.drifted)} of ${counted(row.compared, "column")} drifted.`,
		columns: it.columns.map((column) => ({ column, stage: "settled" })),
		classifier: 1,
		joint: it.joint,
		concept: it.concept,
		effects: { of: "drift_effects", report },
		overlaid: (column) => (column.shape === null ? null : { of: "drift_column", report, column: column.name, small: false }),
	};
}

/** A comparison that is at work. */
export function soFar(job: string, it: DriftSoFar): Shown {
	const { revision } = it;
	return {
		project: it.project,
		projectName: it.project_name,
		reference: it.reference,
		current: it.current,
		verdict: null,
		why: it.sentence,
		detail: it.rows === null ? "Both tables are being opened." : `${count(it.rows.current)} rows against ${counted(it.rows.reference, "row")} of the reference.`,
		columns: it.columns,
		classifier: it.classifier,
		joint: null,
		concept: null,
		effects: it.columns.length === 0 ? null : { of: "drift_effects_so_far", job, revision },
		overlaid: (column) => (column.n[0] + column.n[1] === 0 ? null : { of: "drift_column_so_far", job, column: column.name, revision }),
	};
}

/** Whether a verdict may still change by the columns that are not compared yet. */
export function isProvisional(stage: ColumnStage): boolean {
	return stage === "first_look" || stage === "all_rows";
}

/** The verdict on a column, as far as it can be trusted. */
export function verdictOf({ column, stage }: ColumnSoFar): State {
	const state = driftStates[column.verdict];
	if (!isProvisional(stage)) return state;
	return { ...state, word: column.verdict === "cannot_tell" ? "Cannot tell yet" : `${state.word} so far` };
}

/** What a verdict rests on. */
export const stageWords: Record<ColumnStage, string> = {
	first_look: "Provisional: a first look at a part of the rows.",
	all_rows: "Provisional: all rows were compared, but chance is corrected for the number of columns only once all of them are.",
	corrected: "Final, unless the season explains the difference, which is looked for last.",
	settled: "Final.",
};
