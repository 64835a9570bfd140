import { untrack } from "svelte";
import { cache } from "./client";
import type { Entry } from "./cache.svelte";
import type { ErrorBody } from "./generated/ErrorBody";
import type { Answer, Command, Request } from "./types";

/** What a screen sees of a request. Read its fields in the template; they follow the engine. */
export interface Query<T> {
	/** The answer. Stays, outdated, while a newer one is fetched. */
	readonly data: T | undefined;
	/** Why the last attempt failed. The answer before it may still be in `data`. */
	readonly error: ErrorBody | undefined;
	/** Nothing to show yet, and no failure either. */
	readonly loading: boolean;
	/** An answer is on its way. */
	readonly fetching: boolean;
	/** Asks again. */
	refetch(): Promise<void>;
}

type Options = {
	/** Shows the answer to the request before while the one for the changed request is on its way. Good for filters, wrong for ids. */
	keep?: boolean;
};

/**
 * Looks at a command while the component lives. `request` is a getter, so that it follows what it reads; `null` asks nothing.
 *
 * ```ts
 * const runs = query("run_list", () => ({ project, text: filter, … }), { keep: true });
 * ```
 */
export function query<C extends Command>(command: C, request: () => Request<C> | null, options: Options = {}): Query<Answer<C>> {
	const entry = $derived.by((): Entry<C> | null => {
		const asked = request();
		return asked === null ? null : untrack(() => cache.entry(command, asked));
	});
	let before = $state.raw<Answer<C> | undefined>();

	$effect(() => {
		const watched = entry;
		return watched === null ? undefined : untrack(() => cache.watch(watched));
	});
	$effect(() => {
		const data = entry?.data;
		if (data !== undefined) before = data;
	});

	return {
		get data() {
			return entry?.data ?? (options.keep && !entry?.error ? before : undefined);
		},
		get error() {
			return entry?.error;
		},
		get loading() {
			return entry !== null && this.data === undefined && entry.error === undefined;
		},
		get fetching() {
			return entry?.fetching ?? false;
		},
		async refetch() {
			await entry?.fetch();
		},
	};
}
