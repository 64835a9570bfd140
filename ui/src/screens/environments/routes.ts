import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/environments/:project", load: () => import("./Environment.svelte"), title: "Environment", nav: "/projects" },
];
