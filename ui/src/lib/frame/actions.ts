import FolderPlus from "@lucide/svelte/icons/folder-plus";
import FlaskConical from "@lucide/svelte/icons/flask-conical";
import Keyboard from "@lucide/svelte/icons/keyboard";
import PanelLeft from "@lucide/svelte/icons/panel-left";
import SunMoon from "@lucide/svelte/icons/sun-moon";
import type { Action } from "$lib/actions.svelte";
import { api } from "$lib/api/client";
import { asErrorBody } from "$lib/api/errors";
import type { Theme } from "$lib/api/generated/Theme";
import { remember } from "$lib/memory";
import { matchRoute, router, type Route } from "$lib/router.svelte";
import { setTheme } from "$lib/theme";
import { toasts } from "$lib/toasts.svelte";
import { openSample, pickAndAddFolder } from "./folders";
import { layers } from "./layers.svelte";
import { navigation } from "./navigation";

/** Does something that may fail, and says so. */
async function trying(work: () => Promise<unknown>): Promise<void> {
	try {
		await work();
	} catch (error) {
		toasts.failed(asErrorBody(error));
	}
}

async function chooseTheme(theme: Theme): Promise<void> {
	setTheme(theme);
	await api.settings_set({ key: "theme", value: theme });
}

/** What can be done from anywhere. */
export function frameActions(routes: readonly Route[]): Action[] {
	return [
		{ id: "start.add", title: "Add a folder", group: "Start", words: "project new open watch", icon: FolderPlus, keys: "mod+o", run: () => trying(pickAndAddFolder) },
		{ id: "start.sample", title: "Open the sample project", group: "Start", words: "example demo", icon: FlaskConical, run: () => trying(openSample) },
		...navigation
			.filter((item) => matchRoute(routes, item.address) !== null)
			.map((item): Action => ({ id: `go.${item.id}`, title: item.title, group: "Go to", words: "go open show", icon: item.icon, keys: item.keys, run: () => router.go(item.address) })),
		{ id: "window.palette", title: "Find anything", group: "Window", keys: "mod+k", hidden: true, run: () => void (layers.palette = !layers.palette) },
		{ id: "window.keys", title: "Show the keys", group: "Window", words: "shortcuts help keyboard", icon: Keyboard, keys: "?", run: () => void (layers.keySheet = true) },
		{ id: "window.back", title: "Go back", group: "Window", keys: "esc", hidden: true, run: () => router.back() },
		{
			id: "window.nav",
			title: "Narrow or widen the navigation",
			group: "Window",
			words: "sidebar collapse",
			icon: PanelLeft,
			keys: "mod+b",
			run: () => {
				layers.narrow = !layers.narrow;
				remember("nav.narrow", layers.narrow);
			},
		},
		...(["system", "light", "dark"] as const).map((theme): Action => ({
			id: `theme.${theme}`,
			title: { system: "Follow the system's theme", light: "Light theme", dark: "Dark theme" }[theme],
			group: "Window",
			words: "theme appearance colour",
			icon: SunMoon,
			run: () => trying(() => chooseTheme(theme)),
		})),
	];
}
