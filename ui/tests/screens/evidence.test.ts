// Data, comparisons, monitoring, models and lineage over the invented engine.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cache } from "$lib/api/client";
import { router } from "$lib/router.svelte";
import { toasts } from "$lib/toasts.svelte";
import App from "../../src/App.svelte";
import { routes } from "../../src/screens";
import { asked, failing } from "../mock/host";
import { comparison } from "../mock/handlers/comparing";
import { CHURN, CREDIT, world } from "../mock/world";

const DATA = `/data/${CREDIT}/data/raw/applications_2026_10.parquet`;
const REPORT = "/drift/rep_01930a6e-0000-7000-8000-000000000001";

beforeEach(() => {
	world.delay = 0;
	world.empty = false;
	world.failing.clear();
	asked.length = 0;
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
const requests = (command: string) => asked.filter((it) => it.command === command).map((it) => it.request);

describe("screens", () => {
	it.each([
		["/data", "applications"],
		[DATA, "Income is 12 times lower"],
		["/data/findings", "nobody has looked at"],
		[`${DATA}?tab=rules`, "Could be added"],
		[`${DATA}?tab=columns&at=income`, "Quantiles"],
		[`${DATA}?tab=sensitive&at=email`, "What was weighed"],
		[`${DATA}?tab=versions`, "lies there now"],
		[`${DATA}?tab=use`, "Models made from it"],
		[`${DATA}?tab=comparisons`, "Its checks compare it with"],
		["/drift", "Comparisons"],
		[`${REPORT}?at=income`, "Can a classifier tell them apart?"],
		["/monitoring", "Of 3 logs of predictions"],
		["/models", "scorecard_v4.onnx"],
		[`/models/${CREDIT}/models/scorecard_v3.joblib`, "HistGradientBoosting"],
		[`/models/${CREDIT}/models/broken.pt`, "The zip directory is cut off"],
		[`/versus/${CREDIT}/models/scorecard_v3.joblib`, "1 data set, 1 file of code"],
		[`/code/${CREDIT}/src/models/scorecard/train.py`, "sklearn.linear_model.LogisticRegression"],
		[`/projects/${CREDIT}/data`, "applications"],
		[`/projects/${CREDIT}/models`, "scorecard_v4.onnx"],
		[`/projects/${CREDIT}/lineage?focus=art_model&view=list`, "named in the code of train.py"],
	])("%s is accessible", async (address, sign) => {
		await open(address, sign);
		const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, "scrollable-region-focusable": { enabled: false } } });
		expect(found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`)).toEqual([]);
	});

	it.each([
		["/data", "No data sets yet"],
		["/drift", "Nothing was compared yet"],
		["/monitoring", "No log of predictions was found"],
		["/models", "No models yet"],
		[`/projects/${CREDIT}/lineage`, "No lineage yet"],
	])("%s says what it is for while it is empty", async (address, sign) => {
		world.empty = true;
		await open(address, sign);
	});

	it.each([
		["/data", "dataset_list"],
		[DATA, "dataset_show"],
		[REPORT, "drift_show"],
		["/monitoring", "monitor_list"],
		[`/models/${CREDIT}/models/scorecard_v4.onnx`, "model_show"],
		[`/projects/${CREDIT}/lineage`, "lineage"],
	] as const)("%s says what failed, and tries again", async (address, command) => {
		failing(command, { code: "unreadable", message: "The disk did not answer.", hints: [] });
		await open(address, "The disk did not answer.");
		failing(command, null);
		await fireEvent.click((await screen.findAllByText(/try again/i))[0]!);
		await waitFor(() => expect(document.body.textContent).not.toContain("The disk did not answer."));
	});

	it.each([
		[`/data/${CREDIT}/nothing.csv`, "This data set is not here"],
		["/drift/rep_none", "This comparison is not here"],
		[`/models/${CREDIT}/nothing.pkl`, "This model is not here"],
	])("%s leads on when the thing is gone", async (address, sign) => {
		await open(address, sign);
	});
});

describe("decisions", () => {
	it("accepts a finding as expected only with a reason", async () => {
		await open(DATA, "Income is 12 times lower");
		await fireEvent.click((await screen.findAllByTestId("finding-expect"))[1]!);
		await fireEvent.click(await screen.findByTestId("finding-confirm"));
		expect((await screen.findByRole("alert")).textContent).toContain("Say why");
		expect(requests("finding_decide")).toEqual([]);
		await fireEvent.input(await screen.findByTestId("finding-reason"), { target: { value: "The bureau was closed that day." } });
		await fireEvent.click(await screen.findByTestId("finding-confirm"));
		await waitFor(() => expect(requests("finding_decide")).toHaveLength(1));
		expect(requests("finding_decide")[0]).toMatchObject({ kind: "null_surge", state: "expected", until: null, reason: "The bureau was closed that day." });
	});

	it("gathers findings in one list, shows their rows without sensitive values, and makes a rule of one", async () => {
		await open("/data/findings", "nobody has looked at");
		const rows = await screen.findAllByTestId("finding-row");
		await fireEvent.click(rows.find((it) => it.textContent.includes("214 rows repeat"))!);
		expect((await screen.findByTestId("examples", {}, { timeout: 8000 })).textContent).toContain("hidden");
		await fireEvent.click(await screen.findByTestId("finding-rule"));
		await waitFor(() => expect(screen.getByTestId("rule-outcome").textContent).toContain("12 of 3,000 rows would fail."));
		await fireEvent.click(await screen.findByTestId("rule-write"));
		await waitFor(() => expect(requests("rule_write")).toEqual([{ project: CREDIT, path: "data/raw/applications_2026_10.parquet", change: { change: "add", rules: [{ rule: "unique", columns: ["application_id"] }] } }]));
	});

	it("puts two versions side by side, and the columns that do not differ on demand", async () => {
		await open(`${DATA}?tab=versions`, "1 column added");
		const table = await screen.findByTestId("side-by-side");
		expect(table.textContent).toContain("28,110");
		expect(table.textContent).not.toContain("The same");
		await fireEvent.click(await screen.findByTestId("show-same"));
		await waitFor(() => expect(screen.getByTestId("side-by-side").textContent).toContain("The same"));
	});

	it("tries a rule while it is written", async () => {
		await open(`${DATA}?tab=rules`, "Could be added");
		await fireEvent.click(await screen.findByTestId("rule-add"));
		await fireEvent.input(await screen.findByTestId("rule-min"), { target: { value: "0" } });
		await waitFor(() => expect(screen.getByTestId("rule-outcome").textContent).toContain("12 of 3,000"));
		await fireEvent.click(await screen.findByTestId("rule-save"));
		await waitFor(() => expect(requests("rule_write")).toHaveLength(1));
		expect(requests("rule_write")[0]).toMatchObject({ change: { change: "add", rules: [{ rule: "in_range", column: "application_id", min: 0, max: null }] } });
	});

	it("says where the project's file is damaged, and lets nobody write into it", async () => {
		world.damagedRules = true;
		cache.invalidate(["reports"]);
		await open(`${DATA}?tab=rules`, "line 12, column 8");
		expect((await screen.findByTestId("rule-add")).getAttribute("aria-disabled")).toBe("true");
		world.damagedRules = false;
	});

	it("says that a column is not sensitive", async () => {
		await open(`${DATA}?tab=sensitive&at=postcode`, "What was weighed");
		await fireEvent.click(await screen.findByTestId("label-not"));
		await fireEvent.input(await screen.findByTestId("label-reason"), { target: { value: "Postcodes of branches." } });
		await fireEvent.click(await screen.findByTestId("label-confirm"));
		await waitFor(() => expect(requests("label_decide")).toEqual([{ project: CREDIT, path: "data/raw/applications_2026_10.parquet", column: "postcode", label: null, reason: "Postcodes of branches." }]));
	});

	it("releases what is held back only with a reason", async () => {
		await open(DATA, "Held back");
		await fireEvent.click(await screen.findByTestId("hold-release"));
		await fireEvent.click(await screen.findByTestId("hold-confirm"));
		expect(requests("hold_decide")).toHaveLength(0);
		await fireEvent.input(await screen.findByTestId("hold-reason"), { target: { value: "The bureau confirmed it." } });
		await fireEvent.click(await screen.findByTestId("hold-confirm"));
		await waitFor(() => expect(requests("hold_decide")).toMatchObject([{ project: CREDIT, path: "data/raw/applications_2026_10.parquet", state: "released", reason: "The bureau confirmed it." }]));
		await waitFor(() => expect(screen.getByTestId("hold").dataset.state).toBe("released"));
	});

	it("sets rows aside where the person says", async () => {
		await open(DATA, "Income is 12 times lower");
		await fireEvent.click(await screen.findByTestId("set-aside"));
		await fireEvent.click(await screen.findByTestId("set-aside-go"));
		await waitFor(() => expect(requests("rows_set_aside")).toMatchObject([{ project: CREDIT, path: "data/raw/applications_2026_10.parquet", warnings: false }]));
	});

	it("sets the reference", async () => {
		await open(`${DATA}?tab=comparisons`, "Its checks compare it with");
		await fireEvent.change(await screen.findByTestId("reference"), { target: { value: "" } });
		await waitFor(() => expect(requests("dataset_set_reference")).toEqual([{ project: CREDIT, path: "data/raw/applications_2026_10.parquet", reference: null }]));
	});

	it("begins a comparison with the chosen table", async () => {
		await open(DATA, "Income is 12 times lower");
		await fireEvent.click(await screen.findByTestId("compare"));
		await fireEvent.click(await screen.findByTestId("compare-begin"));
		await waitFor(() => expect(requests("drift_start")).toHaveLength(1));
		expect(requests("drift_start")[0]).toMatchObject({ current: "data/raw/applications_2026_10.parquet", target: null });
		await waitFor(() => expect(router.address).toBe(`/drift/at-work/${comparison.job}`));
	});

	it("shows a comparison while it is at work, and its report in the same place", async () => {
		await open(DATA, "Income is 12 times lower");
		await fireEvent.click(await screen.findByTestId("compare"));
		await fireEvent.click(await screen.findByTestId("compare-begin"));
		await waitFor(() => expect(router.address).toBe(`/drift/at-work/${comparison.job}`));
		await waitFor(() => expect(screen.getByTestId("sentence").textContent).toContain("being read"));
		const page = screen.getByLabelText("Content");
		expect(screen.queryAllByTestId("drift-column-row")).toEqual([]);

		comparison.step();
		await waitFor(() => expect(screen.getByTestId("sentence").textContent).toContain("First look at 50,000 of 1,000,000 rows"));
		const first = (await screen.findAllByTestId("drift-column-row"))[0]!;
		expect(first.textContent).toContain("Drifted so far");
		expect(first.textContent).toContain("not yet");
		expect(screen.getByTestId("provisional").textContent).toBe("30 provisional verdicts");
		await waitFor(() => expect(requests("figure")).toContainEqual(expect.objectContaining({ of: "drift_effects_so_far", job: comparison.job })));
		await fireEvent.click(first);
		expect((await screen.findByTestId("stage")).textContent).toContain("a first look");

		comparison.step();
		await waitFor(() => expect(screen.getByTestId("stage").textContent).toContain("all rows were compared"));
		comparison.step();
		await waitFor(() => expect(screen.queryByTestId("provisional")).toBeNull());
		expect(screen.queryByTestId("stage")).toBeNull();
		comparison.step();
		await waitFor(() => expect(screen.getByTestId("classifier-waits").textContent).toContain("45%"));

		comparison.step();
		await waitFor(() => expect(router.address).toMatch(new RegExp(`^/drift/${comparison.report}\\?at=`)));
		await waitFor(() => expect(screen.getByTestId("drift-joint").textContent).toContain("0.912"));
		expect(screen.getByTestId("sentence").textContent).toContain("Income and the bureau score");
		expect(screen.getByLabelText("Content")).toBe(page);
		expect(screen.queryByTestId("at-work")).toBeNull();
	});

	it("says that a comparison of another session is not at work any more", async () => {
		await open("/drift/at-work/job_gone", "This comparison is not here");
		expect(document.body.textContent).toContain("not at work any more");
	});

	it("stops a comparison", async () => {
		comparison.begin();
		await open(`/drift/at-work/${comparison.job}`, "being read");
		comparison.tell();
		await fireEvent.click(await screen.findByTestId("stop-comparing"));
		await waitFor(() => expect(requests("job_cancel")).toEqual([{ job: comparison.job }]));
	});

	it.each(["html", "pdf", "json"])("writes the report as %s where the person says", async (format) => {
		await open(REPORT, "Income and the bureau score");
		await fireEvent.keyDown(await screen.findByTestId("export-report"), { key: "Enter" });
		await fireEvent.click(await screen.findByTestId(`menu-drift.export.${format}`));
		await waitFor(() => expect(requests("report_export")).toHaveLength(1));
		expect(requests("report_export")[0]).toMatchObject({ source: { of: "drift" }, format, to: expect.stringMatching(new RegExp(`\\.${format}$`)) });
	});

	it("says why a dangerous model cannot be submitted", async () => {
		await open(`/models/${CHURN}/models/churn.pkl`, "Dangerous to load");
		const submit = await screen.findByTestId("submit-release");
		expect(submit.getAttribute("aria-disabled")).toBe("true");
		expect(document.body.textContent).toContain("such a model is never released");
	});
});
