// The only file that knows Tauri.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { getCurrentWindow } from "@tauri-apps/api/window";
import { open, save } from "@tauri-apps/plugin-dialog";
import type { EngineEvent } from "./generated/EngineEvent";
import { asErrorBody } from "./errors";
import type { Host } from "./types";

/** The desktop shell. */
export const host: Host = {
	async call(command, request) {
		try {
			return await invoke("rpc", { call: { command, request } });
		} catch (error) {
			throw asErrorBody(error);
		}
	},
	onEvent: (listener) => listen<EngineEvent>("engine", (event) => listener(event.payload)),
	pickFolder: (title) => open({ title, directory: true, multiple: false }),
	pickFile: (title, filters) => open({ title, multiple: false, ...(filters ? { filters } : {}) }),
	savePath: (title, suggestion) => save({ title, defaultPath: suggestion }),
	onDrop: (listener) =>
		getCurrentWebview().onDragDropEvent(({ payload }) => {
			if (payload.type === "drop") listener({ phase: "dropped", paths: payload.paths });
			else if (payload.type === "leave") listener({ phase: "left" });
			else listener({ phase: "over" });
		}),
	setTitle: (title) => getCurrentWindow().setTitle(title),
	ready: () => invoke("frontend_ready"),
};
