import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/settings", load: () => import("./Settings.svelte"), title: "Settings", nav: "/settings" },
];
