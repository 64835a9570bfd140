import { untrack } from "svelte";
import { api, cache } from "./client";
import type { Entry } from "./cache.svelte";
import type { ErrorBody } from "./generated/ErrorBody";
import type { Answer, Command, Request } from "./types";
import type { RowSource } from "$lib/ui/table";

/** Rows that are asked for at once. */
const PAGE = 500;

/** How a command is asked for a page, and where its rows stand in the answer. */
type Paging<C extends Command, Row> = {
	/** The request for a page; a getter, so that it follows filters. `null` asks nothing. */
	request: (offset: number, limit: number) => Request<C> | null;
	rows: (answer: Answer<C>) => readonly Row[];
	total: (answer: Answer<C>) => number;
};

/** A list that is fetched as it comes into sight, with the state of a query. */
export interface Paged<Row> extends RowSource<Row> {
	readonly error: ErrorBody | undefined;
	readonly fetching: boolean;
	refetch(): Promise<void>;
}

/** Looks at the pages of a list that are in sight while the component lives. */
export function paged<C extends Command, Row>(command: C, paging: Paging<C, Row>): Paged<Row> {
	let first = $state(0);
	let last = $state(0);
	let before = $state.raw<number | undefined>();

	const pages = $derived.by(() => {
		const list = new Map<number, Entry<C>>();
		for (let page = first; page <= last; page++) {
			const request = paging.request(page * PAGE, PAGE);
			if (request !== null) list.set(page, untrack(() => cache.entry(command, request)));
		}
		return list;
	});
	$effect(() => {
		const stops = [...pages.values()].map((entry) => untrack(() => cache.watch(entry)));
		return () => stops.forEach((stop) => stop());
	});
	const total = $derived.by(() => {
		for (const entry of pages.values()) if (entry.data !== undefined) return paging.total(entry.data);
		return undefined;
	});
	$effect(() => {
		if (total !== undefined) before = total;
	});
	const error = $derived([...pages.values()].find((entry) => entry.error !== undefined)?.error);

	return {
		get total() {
			// The old count stays while a changed filter is on its way, so that the list does not jump.
			return total ?? (error ? undefined : before);
		},
		get error() {
			return error;
		},
		get fetching() {
			return [...pages.values()].some((entry) => entry.fetching);
		},
		at(index) {
			const page = Math.floor(index / PAGE);
			const data = pages.get(page)?.data;
			return data === undefined ? undefined : paging.rows(data)[index - page * PAGE];
		},
		need(from, to) {
			first = Math.floor(Math.max(0, from) / PAGE);
			last = Math.floor(Math.max(0, to) / PAGE);
		},
		async all() {
			const rows: Row[] = [];
			const ask = api[command] as (request: Request<C>) => Promise<Answer<C>>;
			for (;;) {
				const request = paging.request(rows.length, 5000);
				if (request === null) return rows;
				const answer = await ask(request);
				const more = paging.rows(answer);
				rows.push(...more);
				if (more.length === 0 || rows.length >= paging.total(answer)) return rows;
			}
		},
		async refetch() {
			await Promise.all([...pages.values()].map((entry) => entry.fetch()));
		},
	};
}
