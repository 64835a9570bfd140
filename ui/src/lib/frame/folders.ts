import { api, host } from "$lib/api/client";
import { asErrorBody } from "$lib/api/errors";
import { to } from "$lib/addresses";
import { router } from "$lib/router.svelte";
import { toasts } from "$lib/toasts.svelte";

/** Watches a folder as a project and opens it. A folder that is watched already is opened, not refused. */
export async function addFolder(path: string): Promise<void> {
	const root = path.replace(/[/\\]+$/, "") || path;
	const { projects } = await api.project_list({});
	const known = projects.find((it) => it.project.root === root);
	if (known) {
		toasts.say("unknown", `“${known.project.name}” is this folder already.`);
		router.go(to.project(known.project.id));
		return;
	}
	const added = await api.project_add({ path: root, name: null });
	toasts.done(`Added “${added.project.name}”. It is being read now.`);
	router.go(to.project(added.project.id));
}

/** Asks for a folder and adds it. */
export async function pickAndAddFolder(): Promise<void> {
	const path = await host.pickFolder("Add a folder");
	if (path !== null) await addFolder(path);
}

/** Opens the sample project, which works offline and can be removed like any other. */
export async function openSample(): Promise<void> {
	const sample = await api.sample_open({});
	router.go(to.project(sample.project.id));
}

/** Opens what was dropped: a file of a project where it lies, anything else as a new project. */
export async function openDropped(path: string): Promise<void> {
	try {
		const { projects } = await api.project_list({});
		const inside = projects
			.filter(({ project }) => path.startsWith(`${project.root}/`) || path.startsWith(`${project.root}\\`))
			.sort((a, b) => b.project.root.length - a.project.root.length)[0];
		if (inside) {
			router.go(to.file(inside.project.id, path.slice(inside.project.root.length + 1).replaceAll("\\", "/")));
			return;
		}
		await addFolder(path);
	} catch (error) {
		const body = asErrorBody(error);
		const folder = path.replace(/[/\\][^/\\]*$/, "");
		// A single file is read as part of the folder around it: offer that one.
		if (body.code === "invalid_request" && folder !== "" && folder !== path) {
			toasts.say("attention", `${body.message} A file is read as part of its folder.`, {
				title: "Add its folder",
				run: () => void addFolder(folder).catch((thrown: unknown) => toasts.failed(asErrorBody(thrown))),
			});
		} else toasts.failed(body);
	}
}
