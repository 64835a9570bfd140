import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/lineage/:project", load: () => import("./Screen.svelte"), title: "Lineage", nav: "/projects" },
];
