// The release screens over the invented engine: they come up, axe finds nothing, and what a person decides reaches the engine.
import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cache } from "$lib/api/client";
import { router } from "$lib/router.svelte";
import { toasts } from "$lib/toasts.svelte";
import App from "../../src/App.svelte";
import { routes } from "../../src/screens";
import { people } from "../mock/handlers/frame";
import { asked, failing } from "../mock/host";
import { CREDIT, world } from "../mock/world";

const C = (n: string) => `cand_01930a6e-7c1a-7d3e-9b1a-${n.padStart(12, "0")}`;
const SUBMIT = `/releases/new?project=${CREDIT}&path=models%2Fscorecard_v4.onnx`;

beforeEach(() => {
	world.delay = 0;
	world.empty = false;
	world.failing.clear();
	asked.length = 0;
	cache.invalidate(["projects", "files", "runs", "reports", "decisions", "registry", "people", "settings", "jobs", "audit"]);
});
afterEach(() => {
	for (const toast of toasts.list) toasts.close(toast.id);
	for (const it of people) it.storage = it.is_current ? "keychain" : "encrypted_file";
});

async function open(address: string, sign: string) {
	router.go("/nowhere");
	router.go(address);
	render(App, { routes });
	await waitFor(() => expect(document.body.textContent).toContain(sign), { timeout: 8000 });
}
const request = (command: string) => asked.findLast((it) => it.command === command)?.request;
const type = (testid: string, value: string) => fireEvent.input(screen.getByTestId(testid), { target: { value } });
const refused = (testid: string) => screen.getByTestId(testid).getAttribute("aria-disabled") === "true";

async function violations(): Promise<string[]> {
	const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, "scrollable-region-focusable": { enabled: false } } });
	return found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
}

describe("release, registry and governance", () => {
	it.each([
		["/releases", "Waits for you"],
		[SUBMIT, "What it is for"],
		[`/releases/${C("c001")}`, "What an approval is bound to"],
		[`/releases/${C("4")}`, "Open in Registry"],
		["/registry", "People whom it trusts"],
		["/registry?model=credit-default-scorecard&version=3", "How to use it"],
		["/governance", "upstream of 5 models"],
		["/governance/audit", "data.screen"],
		["/releases/cand_none", "This candidate is not here"],
		["/releases/new", "Choose the model first"],
	])("%s is accessible", async (address, sign) => {
		await open(address, sign);
		expect(await violations()).toEqual([]);
	});

	it.each([
		["/releases", "no-registry"],
		["/registry", "registry-attach"],
		["/governance", "no-sensitive"],
	])("%s explains itself when there is nothing", async (address, testid) => {
		world.empty = true;
		await open(address, "Nobody signs yet");
		await waitFor(() => expect(screen.getByTestId(testid)).toBeTruthy());
		expect(await violations()).toEqual([]);
	});

	it("says what failed, and reads again when asked", async () => {
		failing("candidate_list", { code: "registry_unavailable", message: "The registry's folder is not there.", hints: ["Connect its disk."] });
		await open("/releases", "Connect its disk.");
		failing("candidate_list", null);
		await fireEvent.click(screen.getByTestId("retry"));
		await waitFor(() => expect(screen.getAllByTestId("candidate-row").length).toBeGreaterThan(3));
	});

	it("filters the desk to nothing, and clears", async () => {
		await open("/releases", "Waits for you");
		await type("filter-candidates", "no such model");
		await waitFor(() => expect(screen.getByTestId("filtered-empty")).toBeTruthy());
		await fireEvent.click(screen.getByTestId("clear-filter"));
		await waitFor(() => expect(screen.getAllByTestId("candidate-row").length).toBeGreaterThan(3));
	});

	it("evaluates an ONNX model for its gates by itself, and once", async () => {
		await open(SUBMIT.replace("scorecard_v4", "itself"), "What it is for");
		await waitFor(() => expect(request("gates_run")).toEqual({ project: CREDIT, path: "models/itself.onnx" }));
		// The invented engine never evaluates it, which is what a failure looks like: it is not tried again.
		await waitFor(() => expect(asked.filter((it) => it.command === "candidate_draft").length).toBeGreaterThan(1), { timeout: 8000 });
		expect(asked.filter((it) => it.command === "gates_run").length).toBe(1);
		expect(screen.getByTestId("gates-run").textContent).toContain("Evaluate the model");
	});

	it("submits with a name and a purpose only, and goes to the desk", async () => {
		await open(SUBMIT, "What it is for");
		await waitFor(() => expect((screen.getByTestId("model-name") as HTMLInputElement).value).toBe("scorecard-v4"));
		expect(refused("submit")).toBe(true);
		await type("purpose", "Ranks applications.");
		await waitFor(() => expect(refused("submit")).toBe(false));
		await type("model-name", "Not A Name");
		await waitFor(() => expect(refused("submit")).toBe(true));
		await type("model-name", "scorecard-v4");
		await waitFor(() => expect(refused("submit")).toBe(false));
		await fireEvent.click(screen.getByTestId("submit"));
		await waitFor(() => expect(router.address).toBe("/releases"), { timeout: 4000 });
		expect(request("candidate_submit")).toMatchObject({ project: CREDIT, path: "models/scorecard_v4.onnx", model: "scorecard-v4", purpose: "Ranks applications.", passphrase: null });
	});

	it("binds an approval to the digest that was looked at, and wants a reason", async () => {
		await open(`/releases/${C("c001")}`, "What an approval is bound to");
		const bundle = screen.getByTestId("bundle-digest").textContent?.trim();
		await fireEvent.click(screen.getByTestId("approve"));
		await waitFor(() => expect(screen.getByTestId("approve-dialog")).toBeTruthy());
		expect(screen.getByTestId("sign-with").textContent).toContain("Amara Okonkwo");
		expect(refused("decide-go")).toBe(true);
		await type("decide-reason", "Holds.");
		await waitFor(() => expect(refused("decide-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("decide-go"));
		await waitFor(() => expect(request("candidate_decide")).toEqual({ candidate: C("c001"), bundle, approve: true, reason: "Holds.", passphrase: null }));
		await waitFor(() => expect(screen.queryByTestId("approve-dialog")).toBeNull());
	});

	it("says why a button cannot be pressed", async () => {
		await open(`/releases/${C("c002")}`, "What an approval is bound to");
		expect(refused("approve")).toBe(true);
		const why = document.getElementById(screen.getByTestId("approve").getAttribute("aria-describedby") ?? "");
		expect(why?.textContent).toContain("training-data-fit");
		expect(screen.getAllByTestId("gate").map((it) => it.dataset.blocks).slice(0, 3)).toEqual(["true", "true", "false"]);
	});

	it("asks for the passphrase of a key in a file, and says when it is wrong", async () => {
		const me = people.find((it) => it.is_current);
		if (me) me.storage = "encrypted_file";
		failing("candidate_decide", { code: "wrong_passphrase", message: "The passphrase does not open the key.", hints: [] });
		await open(`/releases/${C("c002")}`, "What an approval is bound to");
		await fireEvent.click(screen.getByTestId("reject"));
		await waitFor(() => expect(screen.getByTestId("passphrase")).toBeTruthy());
		await type("decide-reason", "The data is wrong.");
		expect(refused("decide-go")).toBe(true);
		await type("passphrase", "wrong horse");
		await waitFor(() => expect(refused("decide-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("decide-go"));
		await waitFor(() => expect(screen.getByTestId("reject-dialog").textContent).toContain("does not open the key"));
		expect(request("candidate_decide")).toMatchObject({ approve: false, passphrase: "wrong horse" });
	});

	it("lets a person type the passphrase that the keychain did not give", async () => {
		failing("candidate_decide", { code: "wrong_passphrase", message: "The keychain did not give the passphrase. Type it instead.", hints: [] });
		await open(`/releases/${C("c002")}`, "What an approval is bound to");
		await fireEvent.click(screen.getByTestId("reject"));
		await waitFor(() => expect(screen.getByTestId("sign-with").textContent).toContain("the keychain gives"));
		expect(screen.queryByTestId("passphrase")).toBeNull();
		await type("decide-reason", "The data is wrong.");
		await fireEvent.click(screen.getByTestId("decide-go"));
		await waitFor(() => expect(screen.getByTestId("passphrase")).toBeTruthy());
		expect(screen.getByTestId("reject-dialog").textContent).toContain("did not give the passphrase");
		expect(request("candidate_decide")).toMatchObject({ passphrase: null });
		await type("passphrase", "a typed one");
		await waitFor(() => expect(refused("decide-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("decide-go"));
		await waitFor(() => expect(request("candidate_decide")).toMatchObject({ passphrase: "a typed one" }));
	});

	it("takes the address of a bucket", async () => {
		world.empty = true;
		await open("/registry", "Attach one that exists");
		expect(refused("attach-go")).toBe(true);
		await type("attach-folder-path", " s3://models/team ");
		await waitFor(() => expect(refused("attach-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("attach-go"));
		await waitFor(() => expect(request("registry_attach")).toMatchObject({ path: "s3://models/team" }));
	});

	it("names who is known to use a version before it is withdrawn", async () => {
		await open("/registry?model=credit-default-scorecard&version=3", "How to use it");
		await fireEvent.click(screen.getByTestId("withdraw-open"));
		await waitFor(() => expect(screen.getByTestId("withdraw-consumers").textContent).toContain("loan-service"));
		expect(await violations()).toEqual([]);
	});

	it("publishes only when the model's name was typed", async () => {
		await open(`/releases/${C("c004")}`, "What an approval is bound to");
		await fireEvent.click(screen.getByTestId("publish-open"));
		await waitFor(() => expect(screen.getByTestId("publish-name")).toBeTruthy());
		await type("publish-name", "limit");
		expect(refused("publish-go")).toBe(true);
		await fireEvent.click(screen.getByTestId("publish-production"));
		await type("publish-name", "limit-management");
		await waitFor(() => expect(refused("publish-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("publish-go"));
		await waitFor(() => expect(request("candidate_publish")).toEqual({ candidate: C("c004"), confirm: "limit-management", alias: "production", passphrase: null }));
		await waitFor(() => expect(document.body.textContent).toContain("Published as version"), { timeout: 4000 });
	});

	it("rolls production back to the version before, with a reason", async () => {
		await open("/registry", "People whom it trusts");
		const button = screen.getAllByTestId("roll-back")[0] as HTMLElement;
		expect(button.textContent).toContain("to 1");
		await fireEvent.click(button);
		await waitFor(() => expect(screen.getByTestId("alias-dialog")).toBeTruthy());
		expect(refused("alias-go")).toBe(true);
		await type("alias-reason", "Scores are wrong.");
		await waitFor(() => expect(refused("alias-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("alias-go"));
		await waitFor(() => expect(request("alias_roll_back")).toEqual({ model: "credit-default-scorecard", alias: "production", version: 1, reason: "Scores are wrong.", passphrase: null }));
	});

	it("plans a promotion for a time and calls it off", async () => {
		await open("/registry", "People whom it trusts");
		expect(screen.getByTestId("planned-move").textContent).toContain("production");
		await fireEvent.click(screen.getAllByTestId("version-open")[0] as HTMLElement);
		await fireEvent.click(await screen.findByTestId("call-off"));
		await type("call-off-dialog-text", "The audit goes on.");
		await waitFor(() => expect(refused("call-off-dialog-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("call-off-dialog-go"));
		await waitFor(() => expect(request("alias_call_off")).toEqual({ model: "credit-default-scorecard", alias: "production", reason: "The audit goes on.", passphrase: null }));
		await waitFor(() => expect(screen.queryByTestId("planned-move")).toBeNull());
		await fireEvent.click(screen.getByTestId("promote"));
		await type("alias-reason", "After the audit.");
		await type("alias-from", "2020-01-01 08:00");
		await waitFor(() => expect(refused("alias-go")).toBe(true));
		await type("alias-from", "2099-12-01 08:00");
		await waitFor(() => expect(refused("alias-go")).toBe(false));
		expect(await violations()).toEqual([]);
		await fireEvent.click(screen.getByTestId("alias-go"));
		const from = new Date(2099, 11, 1, 8).toISOString();
		await waitFor(() => expect(request("alias_set")).toEqual({ model: "credit-default-scorecard", alias: "production", version: 4, reason: "After the audit.", passphrase: null, from }));
		await waitFor(() => expect(screen.getByTestId("planned-move").textContent).toContain("is version 4"));
	});

	it("gives the seal to what a verification looked at, and explains its absence", async () => {
		await open("/registry", "People whom it trusts");
		const newest = () => screen.getAllByTestId("version-row")[0] as HTMLElement;
		expect(within(newest()).getByTestId("no-seal").textContent).toContain("not verified yet");
		await fireEvent.click(screen.getByTestId("verify"));
		await waitFor(() => expect(within(newest()).queryByTestId("no-seal")).toBeNull(), { timeout: 4000 });
		expect(within(newest()).getByRole("img", { name: /were verified against/ })).toBeTruthy();
	});

	it("admits nobody whose card was changed or not compared", async () => {
		await open("/registry", "People whom it trusts");
		await fireEvent.click(screen.getByTestId("admit"));
		await waitFor(() => expect(screen.getByTestId("admit-card")).toBeTruthy());
		const key = "-----BEGIN PUBLIC KEY-----\nMFkwEw==\n-----END PUBLIC KEY-----\n";
		const hash = [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
		const card = { id: "per_01930a6e-0000-7000-8000-0000000000ff", name: "Lena", contact: null, public_key: key, key_id: hash };
		await type("admit-card", JSON.stringify({ ...card, key_id: "0".repeat(64) }));
		await waitFor(() => expect(screen.getByTestId("admit-dialog").textContent).toContain("changed on the way"));
		expect(refused("admit-go")).toBe(true);
		await type("admit-card", JSON.stringify(card));
		await fireEvent.click(screen.getByTestId("role-approver"));
		await waitFor(() => expect(screen.getByTestId("admit-fingerprint").textContent).toContain(hash.slice(0, 4)));
		expect(refused("admit-go")).toBe(true);
		await fireEvent.click(screen.getByTestId("admit-compared"));
		await waitFor(() => expect(refused("admit-go")).toBe(false));
		expect(await violations()).toEqual([]);
		await fireEvent.click(screen.getByTestId("admit-go"));
		await waitFor(() => expect(request("registry_admit")).toEqual({ person: card, roles: ["approver"], fingerprint: expect.any(String), passphrase: null }));
	});

	it("attaches a registry with the fingerprint that was told", async () => {
		world.empty = true;
		await open("/registry", "Attach one that exists");
		await fireEvent.click(screen.getByTestId("attach-folder"));
		await waitFor(() => expect(refused("attach-go")).toBe(false));
		await type("attach-owner", "nonsense");
		await waitFor(() => expect(refused("attach-go")).toBe(true));
		await type("attach-owner", "dead beef dead");
		await waitFor(() => expect(document.body.textContent).toContain("All 32 digits"));
		await type("attach-owner", "DEAD BEEF-dead beef dead beef dead beef");
		await waitFor(() => expect(refused("attach-go")).toBe(false));
		await fireEvent.click(screen.getByTestId("attach-go"));
		await waitFor(() => expect(document.body.textContent).toContain("not the one that you named"));
		expect(request("registry_attach")).toMatchObject({ owner: "deadbeefdeadbeefdeadbeefdeadbeef" });
	});

	it("opens the way of a cell, and shows the same as a list", async () => {
		await open("/governance", "upstream of 5 models");
		await fireEvent.click(screen.getAllByTestId("matrix-cell")[0] as HTMLElement);
		await waitFor(() => expect(screen.getByTestId("cell-way").textContent).toContain("scorecard_2026_09.parquet"));
		expect(screen.getByTestId("cell-columns").textContent).toContain("applicant_name");
		expect(await violations()).toEqual([]);
		await fireEvent.click(screen.getByTestId("as-list"));
		await waitFor(() => expect(screen.getAllByTestId("reach-row").length).toBeGreaterThan(5));
	});

	it("verifies the chain of the audit", async () => {
		await open("/governance/audit", "data.screen");
		await fireEvent.click(screen.getByTestId("audit-verify"));
		await waitFor(() => expect(screen.getByTestId("audit-verdict").textContent).toContain("4,812 entries were looked at"));
	});
});
