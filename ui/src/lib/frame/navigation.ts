import Activity from "@lucide/svelte/icons/activity";
import Box from "@lucide/svelte/icons/box";
import Folder from "@lucide/svelte/icons/folder";
import House from "@lucide/svelte/icons/house";
import Library from "@lucide/svelte/icons/library";
import Play from "@lucide/svelte/icons/play";
import Scale from "@lucide/svelte/icons/scale";
import Settings from "@lucide/svelte/icons/settings";
import Sheet from "@lucide/svelte/icons/sheet";
import Stamp from "@lucide/svelte/icons/stamp";
import type { Component } from "svelte";

/** One entry of the navigation. */
export type NavItem = { id: string; title: string; address: string; keys: string; icon: Component<{ size?: number }> };

/** The parts of the window, in the order of the line that the data travels. */
export const navigation: readonly NavItem[] = [
	{ id: "overview", title: "Overview", address: "/overview", keys: "g o", icon: House },
	{ id: "projects", title: "Projects", address: "/projects", keys: "g p", icon: Folder },
	{ id: "data", title: "Data", address: "/data", keys: "g d", icon: Sheet },
	{ id: "runs", title: "Runs", address: "/runs", keys: "g r", icon: Play },
	{ id: "models", title: "Models", address: "/models", keys: "g m", icon: Box },
	{ id: "monitoring", title: "Monitoring", address: "/monitoring", keys: "g w", icon: Activity },
	{ id: "releases", title: "Releases", address: "/releases", keys: "g l", icon: Stamp },
	{ id: "registry", title: "Registry", address: "/registry", keys: "g y", icon: Library },
	{ id: "governance", title: "Governance", address: "/governance", keys: "g v", icon: Scale },
	{ id: "settings", title: "Settings", address: "/settings", keys: "g s", icon: Settings },
];
