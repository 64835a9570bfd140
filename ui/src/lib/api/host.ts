// The only file that knows Tauri.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { getCurrentWindow } from "@tauri-apps/api/window";
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
	pickFolder: (title) => invoke<string | null>("pick", { choice: "folder", title }),
	pickFile: (title) => invoke<string | null>("pick", { choice: "file", title }),
	savePath: (title, suggestion) => invoke<string | null>("pick", { choice: "save", title, suggestion }),
	async saveFile(name, contents) {
		try {
			return await invoke<string | null>("save_file", { name, contents: Array.from(contents) });
		} catch (error) {
			throw asErrorBody(error);
		}
	},
	onDrop: (listener) =>
		getCurrentWebview().onDragDropEvent(({ payload }) => {
			if (payload.type === "drop") listener({ phase: "dropped", paths: payload.paths });
			else if (payload.type === "leave") listener({ phase: "left" });
			else listener({ phase: "over" });
		}),
	setTitle: (title) => getCurrentWindow().setTitle(title),
	ready: () => invoke("frontend_ready"),
};
