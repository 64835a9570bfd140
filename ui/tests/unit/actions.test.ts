import { describe, expect, it, vi } from "vitest";
import { actions, filterActions, fit, type Action } from "$lib/actions.svelte";
import { followKeys } from "$lib/keys";

const action = (id: string, title: string, more: Partial<Action> = {}): Action => ({ id, title, group: "Test", run: () => undefined, ...more });

describe("what the palette offers", () => {
	const list = [action("a", "Add a folder", { words: "project new" }), action("b", "Compare the marked runs"), action("c", "Open the sample project"), action("d", "Go back", { hidden: true })];

	it("shows everything but hidden keys when nothing is typed", () => {
		expect(filterActions(list, " ").map((it) => it.id)).toEqual(["a", "b", "c"]);
	});

	it("wants every word, in any order and case, and finds by further words too", () => {
		expect(filterActions(list, "FOLDER add").map((it) => it.id)).toEqual(["a"]);
		expect(filterActions(list, "project").map((it) => it.id)).toEqual(["c", "a"]);
		expect(filterActions(list, "zebra")).toEqual([]);
	});

	it("ranks the beginning of a word above its middle", () => {
		expect(fit("Run again", "run")).toBeGreaterThan(fit("Prune", "run"));
	});
});

describe("keys", () => {
	const press = (key: string, more: KeyboardEventInit = {}, target: EventTarget = document.body) =>
		target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));

	it("runs keys and chords, the screen's before the frame's, and not while somebody types", () => {
		const frame = vi.fn();
		const screen = vi.fn();
		const chord = vi.fn();
		const stop = followKeys();
		const remove = actions.add(() => [action("f", "Back", { keys: "esc", run: frame }), action("g", "Projects", { keys: "g p", run: chord })]);
		const removeScreen = actions.add(() => [action("s", "Close", { keys: "esc", run: screen })]);
		press("Escape");
		expect(screen).toHaveBeenCalledOnce();
		expect(frame).not.toHaveBeenCalled();
		removeScreen();
		press("Escape");
		expect(frame).toHaveBeenCalledOnce();

		press("g");
		press("p");
		expect(chord).toHaveBeenCalledOnce();
		const input = document.createElement("input");
		document.body.append(input);
		press("g", {}, input);
		press("p", {}, input);
		expect(chord).toHaveBeenCalledOnce();
		input.remove();
		remove();
		stop();
	});

	it("leaves the keys to an open layer, and a blocked action alone", () => {
		const run = vi.fn();
		const stop = followKeys();
		const remove = actions.add(() => [action("x", "X", { keys: "x", run }), action("y", "Y", { keys: "y", run, blocked: () => "not now" })]);
		press("y");
		expect(run).not.toHaveBeenCalled();
		const layer = document.createElement("div");
		layer.dataset.layer = "modal";
		document.body.append(layer);
		press("x");
		expect(run).not.toHaveBeenCalled();
		layer.remove();
		press("x");
		expect(run).toHaveBeenCalledOnce();
		remove();
		stop();
	});
});

describe("a way out of an error", () => {
	it("leads to where a key is made when nobody has one, and offers nothing where there is nothing", async () => {
		const { remedyOf } = await import("$lib/remedies");
		expect(remedyOf("no_identity")?.address).toBe("/settings");
		expect(remedyOf("storage")).toBeUndefined();
	});
});
