// One object has one address. Nothing else in the window puts addresses together.
import type { ArtifactKind } from "$lib/api/generated/ArtifactKind";
import type { Target } from "$lib/api/generated/Target";
import { addressOf, encodePath } from "$lib/router.svelte";

/** The tabs of a project. */
export type ProjectTab = "files" | "runs" | "lineage" | "data" | "models" | "settings";

export const to = {
	overview: () => "/overview",
	projects: () => "/projects",
	project: (project: string, tab: ProjectTab = "files") => addressOf(["projects", project, tab]),
	file: (project: string, path: string) => addressOf(["projects", project, "files"], { at: path }),
	code: (project: string, path: string) => `/code/${encodeURIComponent(project)}/${encodePath(path)}`,
	lineage: (project: string, focus?: string | null) => addressOf(["projects", project, "lineage"], { focus }),
	data: () => "/data",
	findings: (project?: string | null, at?: string | null) => addressOf(["data", "findings"], { project, at }),
	dataset: (project: string, path: string) => `/data/${encodeURIComponent(project)}/${encodePath(path)}`,
	runs: () => "/runs",
	run: (run: string) => addressOf(["runs", run]),
	compare: (runs: readonly string[]) => addressOf(["runs", "compare"], { ids: runs.join(",") }),
	environment: (project: string, of?: string | null, other?: string | null) => addressOf(["environments", project], { of, with: other }),
	models: () => "/models",
	model: (project: string, path: string) => `/models/${encodeURIComponent(project)}/${encodePath(path)}`,
	versus: (project: string, path: string, before?: string | null) => `/versus/${encodeURIComponent(project)}/${encodePath(path)}${before ? `?${new URLSearchParams({ before }).toString()}` : ""}`,
	monitoring: () => "/monitoring",
	monitor: (project: string, path: string) => `/monitoring/${encodeURIComponent(project)}/${encodePath(path)}`,
	trace: (id: string) => addressOf(["trace", id]),
	drifts: () => "/drift",
	drift: (report: string) => addressOf(["drift", report]),
	comparing: (job: string) => addressOf(["drift", "at-work", job]),
	releases: () => "/releases",
	submit: (project: string, path: string) => addressOf(["releases", "new"], { project, path }),
	candidate: (candidate: string) => addressOf(["releases", candidate]),
	registry: () => "/registry",
	governance: () => "/governance",
	audit: () => "/governance/audit",
	settings: () => "/settings",
};

/** Where a target of the engine leads. */
export function addressOfTarget(target: Target): string {
	switch (target.to) {
		case "dataset":
			return to.dataset(target.project, target.path);
		case "monitor":
			return to.monitor(target.project, target.path);
		case "model":
			return to.model(target.project, target.path);
		case "candidate":
			return to.candidate(target.candidate);
		case "project":
			return to.project(target.project);
		case "registry":
			return to.registry();
		case "settings":
			return to.settings();
	}
}

/** The page of a file: data sets, models and code that is understood have their own, others are shown in their project's list. */
export function addressOfFile(project: string, path: string, kind: ArtifactKind): string {
	if (kind === "dataset" || kind === "prediction_log") return to.dataset(project, path);
	if (kind === "model") return to.model(project, path);
	if (/\.(py|pyw|ipynb)$/i.test(path)) return to.code(project, path);
	return to.file(project, path);
}
