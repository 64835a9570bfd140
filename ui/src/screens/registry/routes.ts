import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [{ pattern: "/registry", load: () => import("./Registry.svelte"), title: "Registry", nav: "/registry" }];
