import type { EngineEvent } from "./generated/EngineEvent";
import type { ErrorBody } from "./generated/ErrorBody";
import type { Tag } from "./generated/Tag";
import { tagsOf } from "./generated/commands";
import { asErrorBody } from "./errors";
import type { Answer, Command, Host, Request } from "./types";

/** Answers that nobody looks at any more are kept up to this number, so that going back is instant. */
const KEPT = 200;

/** One request and its last answer. Answers are replaced whole, so they need no deep reactivity. */
export class Entry<C extends Command> {
	/** The last answer; kept while a newer one is fetched. */
	data = $state.raw<Answer<C> | undefined>();
	/** Why the last attempt failed. */
	error = $state.raw<ErrorBody | undefined>();
	/** Whether an answer is on its way. */
	fetching = $state(false);
	/** Whether what is here may be outdated. */
	stale = true;
	/** How many parts of the window look at it. */
	watchers = 0;
	#attempt = 0;

	constructor(
		private readonly host: Host,
		readonly command: C,
		readonly request: Request<C>,
	) {}

	/** Asks the engine. A later call overtakes an earlier one: its answer is the one that stays. */
	async fetch(): Promise<void> {
		const attempt = ++this.#attempt;
		this.stale = false;
		this.fetching = true;
		try {
			const data = await this.host.call(this.command, this.request);
			if (attempt !== this.#attempt) return;
			this.data = data;
			this.error = undefined;
		} catch (error) {
			if (attempt !== this.#attempt) return;
			this.error = asErrorBody(error);
			this.stale = true;
		}
		this.fetching = false;
	}
}

/** Text that is equal for equal requests, whatever the order of their fields. */
export function keyOf(command: Command, request: unknown): string {
	const sorted = (_: string, value: unknown) =>
		value !== null && typeof value === "object" && !Array.isArray(value)
			? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
			: value;
	return `${command} ${JSON.stringify(request, sorted)}`;
}

/** Answers by request. What an event names stale is fetched again if somebody looks at it, else when somebody does. */
export class Cache {
	readonly #entries = new Map<string, Entry<Command>>();

	constructor(private readonly host: Host) {}

	/** The entry of a request. It fetches nothing by itself. */
	entry<C extends Command>(command: C, request: Request<C>): Entry<C> {
		const key = keyOf(command, request);
		const found = this.#entries.get(key);
		if (found) {
			// Moves it to the young end: a Map remembers the order of insertion.
			this.#entries.delete(key);
			this.#entries.set(key, found);
			return found as unknown as Entry<C>;
		}
		const made = new Entry(this.host, command, request);
		this.#entries.set(key, made as unknown as Entry<Command>);
		this.#forget();
		return made;
	}

	/** Looks at an entry until the answer is called; fetches it if it is outdated. */
	watch<C extends Command>(entry: Entry<C>): () => void {
		entry.watchers += 1;
		if (entry.stale && !entry.fetching) void entry.fetch();
		return () => {
			entry.watchers -= 1;
		};
	}

	/** Marks everything that is made of one of `tags`, and fetches what is looked at. */
	invalidate(tags: readonly Tag[]): void {
		for (const entry of this.#entries.values()) {
			if (!tagsOf[entry.command].some((tag) => tags.includes(tag))) continue;
			entry.stale = true;
			if (entry.watchers > 0) void entry.fetch();
		}
	}

	/** Takes in what the engine tells. */
	follow(event: EngineEvent): void {
		if (event.event === "stale") this.invalidate(event.tags);
	}

	#forget(): void {
		if (this.#entries.size <= KEPT) return;
		for (const [key, entry] of this.#entries) {
			if (this.#entries.size <= KEPT) return;
			if (entry.watchers === 0 && !entry.fetching) this.#entries.delete(key);
		}
	}
}
