import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/data", load: () => import("./Data.svelte"), title: "Data", nav: "/data" },
	{ pattern: "/data/:project/*path", load: () => import("./Dataset.svelte"), title: "Data set", nav: "/data" },
];
