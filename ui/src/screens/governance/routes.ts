import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/governance", load: () => import("./Governance.svelte"), title: "Governance", nav: "/governance" },
	{ pattern: "/governance/audit", load: () => import("./Audit.svelte"), title: "Audit", nav: "/governance" },
];
