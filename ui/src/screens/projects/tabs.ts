import type { Component } from "svelte";
import type { ProjectTab } from "$lib/addresses";
import type { ProjectView } from "$lib/api/generated/ProjectView";

/** What a tab of a project receives. */
export type ProjectTabProps = { project: ProjectView; query: URLSearchParams };

type Load = () => Promise<{ default: Component<ProjectTabProps> }>;

// `screens/<tab>/ProjectTab.svelte` is the tab of that name: a tab that is not built has no entry that leads nowhere.
const found = import.meta.glob<{ default: Component<ProjectTabProps> }>("../*/ProjectTab.svelte");

const titles: readonly [ProjectTab, string][] = [
	["files", "Files"],
	["runs", "Runs"],
	["lineage", "Lineage"],
	["data", "Data"],
	["models", "Models"],
	["settings", "Settings"],
];

/** The tabs that there are, in their order. */
export const projectTabs: readonly { id: ProjectTab; title: string; load: Load }[] = titles.flatMap(([id, title]) => {
	const load = found[`../${id}/ProjectTab.svelte`];
	return load ? [{ id, title, load }] : [];
});
