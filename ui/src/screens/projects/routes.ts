import type { Route } from "$lib/router.svelte";

export const routes: readonly Route[] = [
	{ pattern: "/projects", load: () => import("./Projects.svelte"), title: "Projects", nav: "/projects" },
	{
		pattern: "/projects/:project/:tab?",
		load: () => import("./Project.svelte"),
		title: "Project",
		nav: "/projects",
		key: ({ project }) => `project ${project}`,
	},
];
