import { to } from "$lib/addresses";

/** The parts of a data set's page. */
export type DatasetTab = "findings" | "rules" | "columns" | "sensitive" | "versions" | "use" | "comparisons";

/** A part of a data set's page, with what is selected in it. */
export function datasetTab(project: string, path: string, tab: DatasetTab, selected: string | null = null): string {
	const asked = new URLSearchParams();
	if (tab !== "findings") asked.set("tab", tab);
	if (selected !== null) asked.set("at", selected);
	const text = asked.toString();
	return to.dataset(project, path) + (text === "" ? "" : `?${text}`);
}
