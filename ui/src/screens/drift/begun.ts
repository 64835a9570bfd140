/** Reports whose comparison was looked at while it was at work, with its job. */
const jobOf = new Map<string, string>();

/** Remembers which job a report came from. */
export function became(job: string, report: string): void {
	jobOf.set(report, job);
}

/** The job that a report came from while a person looked on, else the report: what keeps one page when the address changes. */
export function begunAs(report: string | undefined): string {
	return jobOf.get(report ?? "") ?? report ?? "";
}
