import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/data", load: () => import("./Data.svelte"), title: "Data", nav: "/data" },
	{ pattern: "/data/findings", load: () => import("./FindingsScreen.svelte"), title: "Findings", nav: "/data", key: () => "findings" },
	{ pattern: "/data/:project/*path", load: () => import("./Dataset.svelte"), title: "Data set", nav: "/data" },
];
