// What the matrix says, put so that it can be read, listed and exported.
import type { CarriedLabel } from "$lib/api/generated/CarriedLabel";
import type { Edge } from "$lib/api/generated/Edge";
import type { GovernanceView } from "$lib/api/generated/GovernanceView";
import type { Graph } from "$lib/api/generated/Graph";
import type { MatrixCell } from "$lib/api/generated/MatrixCell";
import type { MatrixModel } from "$lib/api/generated/MatrixModel";
import type { MatrixRow } from "$lib/api/generated/MatrixRow";
import type { Node } from "$lib/api/generated/Node";
import { baseName } from "$lib/format";

/** One sensitive column that reached one model: a line of the list and of the export. */
export type Reach = { row: MatrixRow; cell: MatrixCell; model: MatrixModel; label: CarriedLabel };

/** The cell of a data set and a model, if anything of the one reached the other. */
export function cellAt(row: MatrixRow, model: number): MatrixCell | null {
	return row.cells.find((it) => it.model === model) ?? null;
}

/** Different labels of a cell, in the order of the engine. */
export function labelsOf(cell: MatrixCell): string[] {
	return [...new Set(cell.labels.map((it) => it.label))];
}

/** Everything that reached anything, one line each. */
export function reachesOf(view: GovernanceView): Reach[] {
	const list: Reach[] = [];
	for (const row of view.rows) {
		for (const cell of row.cells) {
			const model = view.models[cell.model];
			if (!model) continue;
			for (const label of cell.labels) list.push({ row, cell, model, label });
		}
	}
	return list;
}

/** Models that something reached, by their place in the answer: a column of empty cells says nothing. */
export function reachedModels(view: GovernanceView): number[] {
	const reached = new Set(view.rows.flatMap((row) => row.cells.map((cell) => cell.model)));
	return view.models.map((_, i) => i).filter((i) => reached.has(i));
}

/** Names of models for narrow heads: the file's name, with its folder where two share it. */
export function headsOf(models: readonly MatrixModel[]): string[] {
	const times = new Map<string, number>();
	for (const it of models) times.set(baseName(it.path), (times.get(baseName(it.path)) ?? 0) + 1);
	return models.map((it) => ((times.get(baseName(it.path)) ?? 0) > 1 ? it.path.split("/").slice(-2).join("/") : baseName(it.path)));
}

/** One step on the way: a thing, and the edge that led to it (none at the beginning). */
export type Step = { node: Node; edge: Edge | null };

/** A shortest way from a data set down to a model; `null` if the graph shows none. */
export function wayBetween(graph: Graph, dataset: string, model: string): Step[] | null {
	const byId = new Map(graph.nodes.map((it) => [it.id, it]));
	const out = new Map<string, Edge[]>();
	for (const edge of graph.edges) {
		const list = out.get(edge.from);
		if (list) list.push(edge);
		else out.set(edge.from, [edge]);
	}
	const starts = graph.nodes.filter((it) => it.label === dataset);
	const cameBy = new Map<string, Edge | null>(starts.map((it) => [it.id, null]));
	const queue = starts.map((it) => it.id);
	for (let i = 0; i < queue.length; i++) {
		const at = queue[i];
		if (at === undefined) break;
		if (byId.get(at)?.label === model) {
			const way: Step[] = [];
			for (let id: string | undefined = at; id !== undefined; ) {
				const node = byId.get(id);
				const edge: Edge | null = cameBy.get(id) ?? null;
				if (node) way.unshift({ node, edge });
				id = edge?.from;
			}
			return way;
		}
		for (const edge of out.get(at) ?? []) {
			if (cameBy.has(edge.to) || !byId.has(edge.to)) continue;
			cameBy.set(edge.to, edge);
			queue.push(edge.to);
		}
	}
	return null;
}
