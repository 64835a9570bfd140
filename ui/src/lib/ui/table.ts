/** A value as it is sorted, filtered, copied and exported. */
export type CellValue = string | number | boolean | null;

/** One column of a table. */
export interface Column<Row> {
	id: string;
	title: string;
	/** Pixels. Without it the column shares what is left over. */
	width?: number;
	/** The share of what is left over; 1 if absent. */
	grow?: number;
	/** Pixels below which a growing column does not shrink. */
	min?: number;
	align?: "end";
	/** The value behind what is shown. */
	value: (row: Row) => CellValue;
	/** Whether it can be sorted by; true if absent. */
	sortable?: boolean;
	/** Why it cannot be sorted by, where that is not plain. */
	unsortable?: string;
	/** Whether it is hidden until a person chooses it. */
	hidden?: boolean;
	/** Digests, paths, code. */
	mono?: boolean;
}

/** What a table is sorted by. */
export type Sort = { column: string; ascending: boolean };

/** Rows that are fetched as they come into sight. */
export interface RowSource<Row> {
	/** Rows in all; `undefined` until it is known. */
	readonly total: number | undefined;
	/** One row, if it is there yet. */
	at(index: number): Row | undefined;
	/** Says which rows are in sight. */
	need(first: number, last: number): void;
	/** Every row, for copy and export. */
	all(): Promise<Row[]>;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Orders two values: what is missing comes last in both directions, numbers by size, text as people sort it. */
export function compareValues(a: CellValue, b: CellValue, ascending: boolean): number {
	if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
	const order = typeof a === "string" || typeof b === "string" ? collator.compare(String(a), String(b)) : Number(a) - Number(b);
	return ascending ? order : -order;
}

/** Rows that hold every typed word in one of their columns, in order. The order of the input is kept among equals. */
export function arrange<Row>(rows: readonly Row[], columns: readonly Column<Row>[], filter: string, sort: Sort | null): readonly Row[] {
	const words = filter.toLocaleLowerCase().split(/\s+/).filter((word) => word !== "");
	const kept =
		words.length === 0
			? rows
			: rows.filter((row) => {
					const text = columns.map((column) => String(column.value(row) ?? "")).join("\u0000").toLocaleLowerCase();
					return words.every((word) => text.includes(word));
				});
	const by = sort === null ? undefined : columns.find((column) => column.id === sort.column);
	if (!by || sort === null) return kept;
	return [...kept].sort((a, b) => compareValues(by.value(a), by.value(b), sort.ascending));
}

/** The rows that are drawn: those in sight and a few on either side. */
export function span(total: number, top: number, height: number, row: number, spare = 8): { first: number; last: number } {
	const first = Math.max(0, Math.floor(top / row) - spare);
	const last = Math.min(total - 1, Math.ceil((top + height) / row) + spare);
	return { first, last };
}
