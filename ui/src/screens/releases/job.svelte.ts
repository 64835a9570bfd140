import { untrack } from "svelte";
import type { Job } from "$lib/api/generated/Job";
import type { JobRef } from "$lib/api/generated/JobRef";
import { isActive, jobs } from "$lib/api/jobs.svelte";

/** A piece of long work that a screen began, and what it does when that ends well. The work goes on if the screen is left. */
export interface Followed {
	/** The job, once the engine told of it. */
	readonly job: Job | undefined;
	/** Whether it is under way. */
	readonly active: boolean;
	/** Begins to follow. */
	start(ref: JobRef): void;
}

/** Follows a job while the component lives. `ended` is called once, when it is done, failed or cancelled. */
export function followJob(ended: (job: Job) => void): Followed {
	let id = $state<string | null>(null);
	let told = false;
	// The last word stays, even when the list of jobs forgets it.
	let last = $state.raw<Job | undefined>();
	$effect(() => {
		const job = jobs.get(id);
		if (!job) return;
		untrack(() => {
			last = job;
			if (isActive(job) || told) return;
			told = true;
			ended(job);
		});
	});
	return {
		get job() {
			return last?.id === id ? last : undefined;
		},
		get active() {
			return id !== null && (this.job === undefined || isActive(this.job));
		},
		start(ref) {
			told = false;
			id = ref.job;
		},
	};
}
