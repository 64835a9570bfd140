import { describe, expect, it } from "vitest";
import { Cache, keyOf } from "$lib/api/cache.svelte";
import type { Command, Host } from "$lib/api/types";

/** A host whose answers the test lets go one by one. */
function slowHost() {
	const open: { command: Command; answer: (value: unknown) => void; fail: (error: unknown) => void }[] = [];
	const host = {
		call: (command: Command) => new Promise((answer, fail) => open.push({ command, answer, fail })),
	} as unknown as Host;
	return { host, open };
}
const settle = () => new Promise((done) => setTimeout(done, 0));

describe("the cache", () => {
	it("gives equal requests one entry, whatever the order of their fields", () => {
		expect(keyOf("file_show", { project: "a", path: "b" })).toBe(keyOf("file_show", { path: "b", project: "a" }));
		expect(keyOf("file_show", { project: "a", path: "b" })).not.toBe(keyOf("file_show", { project: "a", path: "c" }));
		const cache = new Cache(slowHost().host);
		expect(cache.entry("run_show", { run: "x" })).toBe(cache.entry("run_show", { run: "x" }));
	});

	it("asks once for two that look, and again when a tag of the command becomes stale", async () => {
		const { host, open } = slowHost();
		const cache = new Cache(host);
		const entry = cache.entry("run_show", { run: "x" });
		const stop = cache.watch(entry);
		cache.watch(entry);
		expect(open).toHaveLength(1);
		open[0]?.answer({ n: 1 });
		await settle();
		expect(entry.data).toEqual({ n: 1 });

		cache.follow({ event: "stale", tags: ["people", "audit"] });
		expect(open, "a run is not made of people").toHaveLength(1);
		cache.follow({ event: "stale", tags: ["audit", "runs"] });
		expect(open).toHaveLength(2);
		expect(entry.data, "the old answer stays while a new one is on its way").toEqual({ n: 1 });
		open[1]?.answer({ n: 2 });
		await settle();
		expect(entry.data).toEqual({ n: 2 });
		stop();
	});

	it("fetches what nobody looks at only when somebody does again", async () => {
		const { host, open } = slowHost();
		const cache = new Cache(host);
		const entry = cache.entry("run_show", { run: "x" });
		const stop = cache.watch(entry);
		open[0]?.answer({ n: 1 });
		await settle();
		stop();
		cache.invalidate(["runs"]);
		expect(open).toHaveLength(1);
		cache.watch(entry);
		expect(open).toHaveLength(2);
	});

	it("drops an answer that a later question has overtaken", async () => {
		const { host, open } = slowHost();
		const cache = new Cache(host);
		const entry = cache.entry("run_show", { run: "x" });
		cache.watch(entry);
		cache.invalidate(["runs"]);
		open[1]?.answer({ n: "new" });
		await settle();
		open[0]?.answer({ n: "old" });
		await settle();
		expect(entry.data).toEqual({ n: "new" });
	});

	it("keeps the answer beside the error, and tries again for the next one who looks", async () => {
		const { host, open } = slowHost();
		const cache = new Cache(host);
		const entry = cache.entry("run_show", { run: "x" });
		const stop = cache.watch(entry);
		open[0]?.answer({ n: 1 });
		await settle();
		cache.invalidate(["runs"]);
		open[1]?.fail({ code: "storage", message: "The disk is full.", hints: [] });
		await settle();
		expect(entry.data).toEqual({ n: 1 });
		expect(entry.error?.code).toBe("storage");
		stop();
		cache.watch(entry);
		expect(open).toHaveLength(3);
		open[2]?.answer({ n: 3 });
		await settle();
		expect(entry.error).toBeUndefined();
	});

	it("forgets the oldest that nobody looks at, never one that is looked at", () => {
		const { host } = slowHost();
		const cache = new Cache(host);
		const watched = cache.entry("run_show", { run: "watched" });
		cache.watch(watched);
		const old = cache.entry("run_show", { run: "old" });
		for (let i = 0; i < 400; i++) cache.entry("run_show", { run: `${i}` });
		expect(cache.entry("run_show", { run: "watched" })).toBe(watched);
		expect(cache.entry("run_show", { run: "old" })).not.toBe(old);
	});
});
