import type { Route } from "$lib/router.svelte";

const route = { load: () => import("./Overview.svelte"), title: "Overview", nav: "/overview" };

export const routes: readonly Route[] = [
	{ pattern: "/", ...route },
	{ pattern: "/overview", ...route },
];
