import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/releases", load: () => import("./Releases.svelte"), title: "Releases", nav: "/releases" },
	{ pattern: "/releases/new", load: () => import("./Submit.svelte"), title: "Submit a model", nav: "/releases" },
	{ pattern: "/releases/:candidate", load: () => import("./Candidate.svelte"), title: "Candidate", nav: "/releases" },
];
