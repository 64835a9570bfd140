import type { Route } from "$lib/router.svelte";

const run = { load: () => import("./Run.svelte"), title: "Run" };

export const routes: readonly Route[] = [
	{ pattern: "/runs", load: () => import("./Runs.svelte"), title: "Runs", nav: "/runs" },
	{ pattern: "/runs/compare", load: () => import("./Compare.svelte"), title: "Compare runs", nav: "/runs" },
	{ pattern: "/runs/:run", nav: "/runs", ...run },
	{ pattern: "/projects/:project/runs/:run", nav: "/projects", ...run },
];
