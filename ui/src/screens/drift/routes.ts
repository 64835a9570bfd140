import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/drift", load: () => import("./Drifts.svelte"), title: "Comparisons", nav: "/monitoring" },
	{ pattern: "/drift/:report", load: () => import("./Drift.svelte"), title: "Comparison", nav: "/monitoring" },
];
