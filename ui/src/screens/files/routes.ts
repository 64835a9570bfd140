import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [{ pattern: "/code/:project/*path", load: () => import("./Code.svelte"), title: "Code", nav: "/projects" }];
