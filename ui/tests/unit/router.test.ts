import { beforeEach, describe, expect, it } from "vitest";
import { addressOfFile, addressOfTarget, to } from "$lib/addresses";
import { matchPattern, matchRoute, router } from "$lib/router.svelte";
import { routes } from "../../src/screens";

describe("addresses", () => {
	it("reads fixed parts, names and rests, and refuses what is too long or too short", () => {
		expect(matchPattern("/runs/:run", "/runs/run_1")).toEqual({ run: "run_1" });
		expect(matchPattern("/runs/:run", "/runs")).toBeNull();
		expect(matchPattern("/runs/:run", "/runs/a/b")).toBeNull();
		expect(matchPattern("/projects/:project/:tab?", "/projects/p")).toEqual({ project: "p" });
		expect(matchPattern("/data/:project/*path", "/data/p/a/b%20c.csv")).toEqual({ project: "p", path: "a/b c.csv" });
		expect(matchPattern("/data/:project/*path", "/data/p")).toBeNull();
	});

	it.each(["a b/c#d?.csv", "بيانات/طلبات.csv", "100%/x.csv", "a\\\\b\\x80.bin", "=cmd|' /C calc'!A0.csv"])("leads back to the file %s", (path) => {
		const match = matchPattern("/data/:project/*path", to.dataset("prj_1", path).split("?")[0] ?? "");
		expect(match).toEqual({ project: "prj_1", path });
		const shown = matchRoute(routes, to.file("prj_1", path));
		expect(shown?.params).toEqual({ project: "prj_1", tab: "files" });
		expect(shown?.query.get("at")).toBe(path);
	});

	it("survives an escape that is broken", () => {
		expect(matchPattern("/runs/:run", "/runs/%E0%A4%A")).toEqual({ run: "%E0%A4%A" });
	});

	it("prefers the exact address: to compare is not a run", () => {
		expect(matchRoute(routes, to.compare(["a", "b"]))?.route.pattern).toBe("/runs/compare");
		expect(matchRoute(routes, "/runs/compare2")?.route.pattern).toBe("/runs/:run");
		expect(matchRoute(routes, "/projects/p/runs/run_1")?.params).toEqual({ project: "p", run: "run_1" });
		expect(matchRoute(routes, "/nowhere")).toBeNull();
	});

	it("knows where a target and a file lead", () => {
		expect(addressOfTarget({ to: "dataset", project: "p", path: "a/b.csv" })).toBe("/data/p/a/b.csv");
		expect(addressOfTarget({ to: "candidate", candidate: "cand_1" })).toBe("/releases/cand_1");
		expect(addressOfFile("p", "m.onnx", "model")).toBe("/models/p/m.onnx");
		expect(addressOfFile("p", "a.py", "code")).toBe("/code/p/a.py");
		expect(addressOfFile("p", "a.sh", "code")).toBe("/projects/p/files?at=a.sh");
	});
});

describe("the router", () => {
	beforeEach(() => localStorage.clear());

	it("opens the last address of the session before, if the hash names none", () => {
		location.hash = "";
		localStorage.setItem("proofmark.address", "/runs");
		router.start();
		expect(router.address).toBe("/runs");
		expect(location.hash).toBe("#/runs");
	});

	it("remembers where it is, and does not step twice to one place", () => {
		router.go("/projects");
		const length = history.length;
		router.go("/projects");
		expect(history.length).toBe(length);
		expect(localStorage.getItem("proofmark.address")).toBe("/projects");
		router.replace("/projects?kind=model");
		expect(router.address).toBe("/projects?kind=model");
		expect(history.length).toBe(length);
	});
});
