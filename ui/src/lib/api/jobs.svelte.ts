import type { EngineEvent } from "./generated/EngineEvent";
import type { Job } from "./generated/Job";
import { api } from "./client";

/** Jobs that ended stay visible for this long, in milliseconds. */
const LINGER = 60_000;

/** The jobs of the engine, as its events tell of them. */
class Jobs {
	#byId = $state.raw<ReadonlyMap<string, Job>>(new Map());

	/** Queued or running, oldest first. */
	readonly active = $derived([...this.#byId.values()].filter(isActive).sort(byAge));
	/** Those that ended in the last minute, newest first. */
	readonly ended = $derived([...this.#byId.values()].filter((job) => !isActive(job)).sort((a, b) => byAge(b, a)));

	/** One job. */
	get(id: string | null | undefined): Job | undefined {
		return id ? this.#byId.get(id) : undefined;
	}

	/** Takes in an event. */
	follow(event: EngineEvent): void {
		if (event.event === "job") this.take([event.job]);
	}

	/** Takes in jobs from an answer. */
	take(jobs: readonly Job[]): void {
		const next = new Map(this.#byId);
		for (const job of jobs) {
			const known = next.get(job.id);
			// An answer that was on its way while the job ended would bring it back to life for good.
			if (known === undefined || isActive(known) || !isActive(job)) next.set(job.id, job);
		}
		for (const job of next.values()) {
			if (job.ended_at !== null && Date.now() - Date.parse(job.ended_at) > LINGER) next.delete(job.id);
		}
		this.#byId = next;
	}

	/** Asks the engine to stop a job. */
	async cancel(id: string): Promise<void> {
		await api.job_cancel({ job: id });
	}
}

function isActive(job: Job): boolean {
	return job.state === "queued" || job.state === "running";
}

function byAge(a: Job, b: Job): number {
	return a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0;
}

/** The jobs that the window knows of. */
export const jobs = new Jobs();
export { isActive };
