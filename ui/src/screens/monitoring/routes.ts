import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/monitoring", load: () => import("./Monitoring.svelte"), title: "Monitoring", nav: "/monitoring" },
];
