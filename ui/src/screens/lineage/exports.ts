// The forms in which lineage is written for other tools and for people.
import type { LineageFormat } from "$lib/api/generated/LineageFormat";

/** Each form with what people call it and the end of its file's name. */
export const forms: readonly { format: LineageFormat; title: string; ending: string }[] = [
	{ format: "svg", title: "Drawing (SVG)", ending: "svg" },
	{ format: "png", title: "Picture (PNG)", ending: "png" },
	{ format: "openlineage", title: "OpenLineage events", ending: "openlineage.jsonl" },
	{ format: "atlas", title: "Apache Atlas entities", ending: "atlas.json" },
	{ format: "atlas_types", title: "Apache Atlas classifications", ending: "atlas-types.json" },
	{ format: "prov", title: "W3C PROV-JSON", ending: "prov.json" },
	{ format: "mermaid", title: "Mermaid", ending: "mmd" },
	{ format: "dot", title: "Graphviz", ending: "dot" },
];
