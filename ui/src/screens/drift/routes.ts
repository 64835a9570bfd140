import type { Route } from "$lib/router.svelte";
import { begunAs } from "./begun";

export const routes: readonly Route[] = [
	{ pattern: "/drift", load: () => import("./Drifts.svelte"), title: "Comparisons", nav: "/monitoring" },
	{ pattern: "/drift/at-work/:job", load: () => import("./Drift.svelte"), title: "Comparison", nav: "/monitoring", key: ({ job }) => `/drift/${job}` },
	{ pattern: "/drift/:report", load: () => import("./Drift.svelte"), title: "Comparison", nav: "/monitoring", key: ({ report }) => `/drift/${begunAs(report)}` },
];
