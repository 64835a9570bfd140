// The addresses of the window. A folder here that holds a `routes.ts` is a part of it: nothing else has to be edited.
import type { Route } from "$lib/router.svelte";

const parts = import.meta.glob<{ routes: readonly Route[] }>("./*/routes.ts", { eager: true });

/** How many parts of a pattern are fixed: `/runs/compare` has to be tried before `/runs/:run`. */
function exactness(route: Route): number {
	return route.pattern.split("/").filter((part) => part !== "").reduce((sum, part) => sum + (part.startsWith("*") ? 0 : part.startsWith(":") ? 1 : 3), 0);
}

/** Every route, the most exact first. */
export const routes: readonly Route[] = Object.values(parts)
	.flatMap((part) => part.routes)
	.sort((a, b) => exactness(b) - exactness(a));
