import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/monitoring", load: () => import("./Monitoring.svelte"), title: "Monitoring", nav: "/monitoring" },
	{ pattern: "/monitoring/:project/*path", load: () => import("./Monitor.svelte"), title: "Model in use", nav: "/monitoring" },
	{ pattern: "/trace/:id", load: () => import("./Trace.svelte"), title: "Prediction", nav: "/monitoring" },
];
