// A shell without an engine, for tests and for looking at screens in a browser. Never part of the product.
//
// A file in `handlers/` answers commands of its area: `export const handlers: Handlers = { model_list: () => … }`.
import type { EngineEvent } from "$lib/api/generated/EngineEvent";
import type { ErrorBody } from "$lib/api/generated/ErrorBody";
import { tagsOf } from "$lib/api/generated/commands";
import type { Command, Drop, Host, Unlisten } from "$lib/api/types";
import { type Handlers, world } from "./world";

const parts = import.meta.glob<{ handlers: Handlers }>("./handlers/*.ts", { eager: true });
const handlers: Handlers = Object.assign({}, ...Object.values(parts).map((part) => part.handlers));

const listeners = new Set<(event: EngineEvent) => void>();
const drops = new Set<(drop: Drop) => void>();

/** What was asked, in order; for tests. */
export const asked: { command: Command; request: unknown }[] = [];

/** What the file dialogs answer; for tests. */
export const dialogs = { folder: "/home/amara/work/churn-2026", file: null as string | null, save: null as string | null };

/** Lets the engine say something. */
export function emit(event: EngineEvent): void {
	for (const listener of listeners) listener(event);
}

/** Drops something on the window. */
export function drop(what: Drop): void {
	for (const listener of drops) listener(what);
}

/** Makes the next calls of a command fail, or go on again with `null`. */
export function failing(command: Command, error: ErrorBody | null): void {
	if (error === null) world.failing.delete(command);
	else world.failing.set(command, error);
}

const reads = /_(list|show|draft)$|^(overview|status|search|lineage|lineage_way|lineage_columns|origin_compare|run_then_now|trace|figure|governance|run_compare|finding_examples|rule_try|dataset_versions|drift_so_far|log_tail|candidate_draft)$/;

export const host: Host = {
	async call(command, request) {
		asked.push({ command, request });
		await new Promise((done) => setTimeout(done, world.delay));
		const failure = world.failing.get(command);
		if (failure) throw structuredClone(failure);
		const handler = handlers[command] as ((request: unknown) => unknown) | undefined;
		if (!handler) {
			throw { code: "internal", message: `The invented engine does not know “${command}”.`, hints: ["Add it to tests/mock/handlers."] } satisfies ErrorBody;
		}
		// A real answer comes over a wire: nothing in it is shared with the window.
		const answer = structuredClone(handler(request));
		if (!reads.test(command)) setTimeout(() => emit({ event: "stale", tags: tagsOf[command] }), 0);
		return answer as never;
	},
	async onEvent(listener): Promise<Unlisten> {
		listeners.add(listener);
		return () => listeners.delete(listener);
	},
	pickFolder: async () => dialogs.folder,
	pickFile: async () => dialogs.file,
	savePath: async (_, suggestion) => dialogs.save ?? `/home/amara/Documents/${suggestion}`,
	async saveFile(name, contents) {
		const link = document.createElement("a");
		link.href = URL.createObjectURL(new Blob([new Uint8Array(contents)]));
		link.download = name;
		link.click();
		URL.revokeObjectURL(link.href);
		return `/home/amara/Documents/${name}`;
	},
	async onDrop(listener): Promise<Unlisten> {
		drops.add(listener);
		return () => drops.delete(listener);
	},
	async setTitle(title) {
		document.title = title;
	},
	async ready() {
		document.documentElement.dataset.ready = "true";
	},
};

// In a browser the address may choose the world: `?world=empty` shows the first run.
if (typeof location !== "undefined" && location.search.includes("world=empty")) world.empty = true;
// `?failing=monitor_show` shows what a screen says when a command fails.
const broken = typeof location === "undefined" ? null : new URLSearchParams(location.search).get("failing");
if (broken !== null && broken in tagsOf) failing(broken as Command, { code: "unreadable", message: "/srv/shared/model-registry does not answer: the connection timed out after 30 seconds. What was known before is kept.", hints: ["Look whether the share is mounted, then try again."] });
