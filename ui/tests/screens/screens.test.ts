// Every main screen over the invented engine: it comes up, says what it is for, and axe finds nothing wrong with it.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { router } from "$lib/router.svelte";
import { toasts } from "$lib/toasts.svelte";
import { cache } from "$lib/api/client";
import App from "../../src/App.svelte";
import { routes } from "../../src/screens";
import { asked, drop, emit, failing } from "../mock/host";
import { CREDIT, world } from "../mock/world";

const RUN = "run_01930a6e-7c1a-7d3e-9b1a-000000000000";

beforeEach(() => {
	world.delay = 0;
	world.empty = false;
	world.failing.clear();
	asked.length = 0;
	// Each test looks at the engine afresh.
	cache.invalidate(["projects", "files", "runs", "reports", "decisions", "registry", "people", "settings", "jobs", "audit"]);
});
afterEach(() => {
	for (const toast of toasts.list) toasts.close(toast.id);
});

async function open(address: string, sign: string) {
	router.go("/nowhere");
	router.go(address);
	const view = render(App, { routes });
	await waitFor(() => expect(document.body.textContent).toContain(sign), { timeout: 8000 });
	return view;
}

async function violations(): Promise<string[]> {
	const found = await axe.run(document.body, {
		// Nothing is laid out or painted here: contrast is measured on the tokens, and in a real window.
		rules: { "color-contrast": { enabled: false }, "scrollable-region-focusable": { enabled: false } },
	});
	return found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

describe("screens", () => {
	it.each([
		["/overview", "3 things need you"],
		["/projects", "Credit risk, retail portfolio"],
		[`/projects/${CREDIT}/files`, "part_00008.bin".slice(-12)],
		[`/projects/${CREDIT}/files?at=data%2Fraw%2Fapplications_2026_10.parquet`, "Begins with"],
		[`/projects/${CREDIT}/runs`, "train-scorecard"],
		[`/projects/${CREDIT}/settings`, "Remove this project"],
		["/runs", "train-scorecard"],
		[`/runs/${RUN}`, "Code that was not committed"],
		[`/runs/compare?ids=${RUN},${RUN.slice(0, -1)}5`, "learning_rate"],
		["/settings", "People who sign on this machine"],
		["/nowhere-at-all", "There is nothing at this address"],
	])("%s is accessible", async (address, sign) => {
		await open(address, sign);
		expect(await violations()).toEqual([]);
	});

	it("begins with three steps and two ways in, when there is nothing yet", async () => {
		world.empty = true;
		await open("/overview", "Welcome to Proofmark");
		expect(screen.getByTestId("open-sample")).toBeTruthy();
		expect(await violations()).toEqual([]);
		await fireEvent.click(screen.getByTestId("open-sample"));
		await waitFor(() => expect(router.address).toMatch(/^\/projects\/.+\/files$/));
		expect(asked.some((it) => it.command === "sample_open")).toBe(true);
	});

	it("says what failed, and reads again when asked", async () => {
		failing("project_list", { code: "ledger_damaged", message: "The ledger cannot be read.", hints: ["Restore a copy."] });
		await open("/projects", "Restore a copy.");
		expect(await violations()).toEqual([]);
		failing("project_list", null);
		await fireEvent.click(screen.getByTestId("retry"));
		await waitFor(() => expect(screen.getAllByTestId("project-row").length).toBeGreaterThan(0));
	});

	it("refetches what an event names, and nothing else", async () => {
		await open("/projects", "Credit risk");
		await waitFor(() => expect(asked.some((it) => it.command === "settings_show")).toBe(true));
		asked.length = 0;
		emit({ event: "stale", tags: ["runs"] });
		await waitFor(() => expect(asked.map((it) => it.command)).toContain("project_list"));
		expect(asked.map((it) => it.command)).not.toContain("settings_show");
	});

	it("opens the palette by key, finds objects, and goes there", async () => {
		await open("/overview", "3 things need you");
		await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
		const input = await screen.findByTestId("palette-input");
		expect(await violations()).toEqual([]);
		await fireEvent.input(input, { target: { value: "credit risk" } });
		await waitFor(() => expect(screen.getAllByTestId("palette-item").some((it) => it.textContent?.includes("/home/amara/work/credit-risk"))).toBe(true), { timeout: 4000 });
		await fireEvent.keyDown(input, { key: "Enter" });
		await waitFor(() => expect(router.address).toBe(`/projects/${CREDIT}/files`));
	});

	it("hands the keys over from one list to the next screen's", async () => {
		await open("/runs", "train-scorecard");
		router.go("/projects");
		await waitFor(() => expect(screen.getAllByTestId("project-row").length).toBeGreaterThan(0));
		await fireEvent.keyDown(document.body, { key: "j" });
		await waitFor(() => expect(document.activeElement?.getAttribute("data-testid")).toBe("project-row"));
		await fireEvent.keyDown(document.body, { key: "Escape" });
	});

	it("adds a folder that is dropped, and opens a dropped file where it lies", async () => {
		await open("/overview", "3 things need you");
		drop({ phase: "dropped", paths: ["/home/amara/work/credit-risk/data/raw/applications_2026_10.parquet"] });
		await waitFor(() => expect(router.address).toBe(`/projects/${CREDIT}/files?at=data%2Fraw%2Fapplications_2026_10.parquet`));
		drop({ phase: "dropped", paths: ["/home/amara/work/new-one/"] });
		await waitFor(() => expect(asked).toContainEqual({ command: "project_add", request: { path: "/home/amara/work/new-one", name: null } }));
		drop({ phase: "dropped", paths: ["/home/amara/Downloads/strange.onnx"] });
		await waitFor(() => expect(toasts.list.some((it) => it.action?.title === "Add its folder")).toBe(true));
	});

	it("removes a project only when its name was typed", async () => {
		await open(`/projects/${CREDIT}/settings`, "Remove this project");
		await fireEvent.click(screen.getByTestId("remove-project"));
		const go = await screen.findByTestId("confirm-remove-go");
		await fireEvent.click(go);
		expect(asked.some((it) => it.command === "project_remove")).toBe(false);
		expect(go.getAttribute("aria-disabled")).toBe("true");
		expect(await violations()).toEqual([]);
		await fireEvent.input(screen.getByTestId("confirm-remove-name"), { target: { value: "Credit risk, retail portfolio" } });
		await waitFor(() => expect(go.hasAttribute("aria-disabled")).toBe(false));
	});
});
