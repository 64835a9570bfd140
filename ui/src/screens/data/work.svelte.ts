import FileDown from "@lucide/svelte/icons/file-down";
import { untrack } from "svelte";
import type { Action } from "$lib/actions.svelte";
import { api, host } from "$lib/api/client";
import { asErrorBody } from "$lib/api/errors";
import type { Job } from "$lib/api/generated/Job";
import type { JobRef } from "$lib/api/generated/JobRef";
import type { ReportFormat } from "$lib/api/generated/ReportFormat";
import type { ReportSource } from "$lib/api/generated/ReportSource";
import { isActive, jobs } from "$lib/api/jobs.svelte";
import { bytes } from "$lib/format";
import { toasts } from "$lib/toasts.svelte";

/** Work that a screen began and looks at. */
export interface Followed {
	/** The job, while it runs; nothing once it ended. */
	readonly running: Job | undefined;
	/** Begins it. `done` is called once it ended well, if the screen still stands. */
	begin(start: () => Promise<JobRef>, done?: () => void | Promise<void>): Promise<void>;
}

/** Follows one job at a time while the component lives. The job itself goes on when the screen is left. */
export function followed(): Followed {
	let id = $state<string | null>(null);
	let after: (() => void | Promise<void>) | undefined;
	const job = $derived(jobs.get(id));
	$effect(() => {
		const ended = job;
		if (ended === undefined || isActive(ended)) return;
		untrack(() => {
			id = null;
			if (ended.state === "done") void after?.();
			else if (ended.state === "failed") toasts.say("fail", ended.error ?? `${ended.title} failed.`);
		});
	});
	return {
		get running() {
			return job !== undefined && isActive(job) ? job : undefined;
		},
		async begin(start, done) {
			after = done;
			const started = await start();
			// The event that tells of it may have passed already.
			jobs.take((await api.job_list({})).jobs.filter((it) => it.id === started.job));
			id = started.job;
		},
	};
}

/** The forms of a report, as a person chooses between them. */
const forms: readonly { format: ReportFormat; title: string; words: string; after: string }[] = [
	{ format: "html", title: "HTML, for a browser", words: "html browser", after: "It is one file, and shows the same without Proofmark." },
	{ format: "pdf", title: "PDF, for reading and printing", words: "pdf print pages", after: "It is one file, for reading and printing." },
	{ format: "json", title: "JSON, for programs", words: "json data", after: "It holds what the report is made from." },
];

/** Lets a person choose a place, and writes a document there. Nothing happens if they leave the dialog. */
async function exportReport(source: ReportSource, name: string, form: (typeof forms)[number]): Promise<void> {
	const file = `${name.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.${form.format}`;
	const path = await host.savePath("Save the report", file);
	if (path === null) return;
	const written = await api.report_export({ source, to: path, format: form.format });
	toasts.done(`Wrote ${written.path} (${bytes(written.size)}). ${form.after}`);
}

/** The actions that write a document, one for each form. `at` begins their identifiers; `blocked` says why there is nothing to write. */
export function exportActions(at: string, source: () => ReportSource, name: () => string, blocked?: () => string | null): Action[] {
	return forms.map((form) => ({
		id: `${at}.export.${form.format}`,
		title: `Export as ${form.title}`,
		group: "This screen",
		words: `report save document ${form.words}`,
		icon: FileDown,
		blocked,
		run: () => exportReport(source(), name(), form).catch((error: unknown) => void toasts.failed(asErrorBody(error))),
	}));
}
