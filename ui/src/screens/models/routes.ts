import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/models", load: () => import("./Models.svelte"), title: "Models", nav: "/models" },
	{ pattern: "/versus/:project/*path", load: () => import("./Versus.svelte"), title: "What changed", nav: "/models" },
	{ pattern: "/models/:project/*path", load: () => import("./Model.svelte"), title: "Model", nav: "/models" },
];
