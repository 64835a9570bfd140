import { describe, expect, it } from "vitest";
import type { CandidateRow } from "$lib/api/generated/CandidateRow";
import type { GateOutcome } from "$lib/api/generated/GateOutcome";
import type { Graph } from "$lib/api/generated/Graph";
import type { RegistryModel } from "$lib/api/generated/RegistryModel";
import type { RegistryView } from "$lib/api/generated/RegistryView";
import type { VersionRow } from "$lib/api/generated/VersionRow";
import { labelsOf, reachesOf, wayBetween } from "../../src/screens/governance/rules";
import { fingerprintOf, keyProblem, readCard } from "../../src/screens/registry/card";
import { beginning, consumeLines, rollBackTarget, sealOf } from "../../src/screens/registry/rules";
import { blocks, deskOf, endOfDay, gatesInOrder, labelsByDataset, metricDifference, modelNameProblem, usualWaiverDay, waiverDayProblem } from "../../src/screens/releases/rules";

describe("the name of a model", () => {
	it.each(["a", "churn", "credit-default_v2.1", "0model", "a".repeat(64), "x-", "x..y"])("“%s” is one", (name) => {
		expect(modelNameProblem(name)).toBeNull();
	});
	it.each([
		["", "Type the name"],
		["Churn", "“C” is none"],
		["my model", "a space is none"],
		["modèle", "“è” is none"],
		["a/b", "“/” is none"],
		[".hidden", "starts with"],
		["-x", "starts with"],
		["_x", "starts with"],
		["x.", "does not end"],
		["a".repeat(65), "at most 64"],
		["😀", "“😀” is none"],
	])("“%s” is none", (name, why) => {
		expect(modelNameProblem(name)).toContain(why);
	});
});

const candidate = (id: string, state: CandidateRow["state"], waits_for_me = false): CandidateRow => ({ candidate: id, model: "m", bundle: "sha256:00", state, version: null, submitted_by: "A", submitted_at: "2026-01-01T00:00:00Z", note: "", approvals: 0, required: 2, blocking: 0, waits_for_me });

describe("the desk", () => {
	it("puts every candidate in exactly one place, in the engine's order", () => {
		const desk = deskOf([candidate("a", "waiting", true), candidate("b", "approved"), candidate("c", "waiting"), candidate("d", "rejected"), candidate("e", "published"), candidate("f", "approved", true)]);
		expect(desk.waits.map((it) => it.candidate)).toEqual(["a", "f"]);
		expect(desk.open.map((it) => it.candidate)).toEqual(["b", "c"]);
		expect(desk.history.map((it) => it.candidate)).toEqual(["d", "e"]);
	});
	it("keeps what is settled out of what waits, whatever else is said of it", () => {
		expect(deskOf([candidate("a", "published", true)]).waits).toEqual([]);
	});
});

const gate = (name: string, verdict: GateOutcome["verdict"], required: boolean): GateOutcome => ({ gate: name, rule: "", required, verdict, measured: "", allowed: "", why: "", evidence: [] });

describe("gates", () => {
	it("stand with those that forbid the release on top", () => {
		const list = [gate("ok", "pass", true), gate("soft", "fail", false), gate("dark", "cannot_tell", true), gate("warn", "warn", true), gate("hard", "fail", true)];
		expect(gatesInOrder(list).map((it) => it.gate)).toEqual(["hard", "dark", "soft", "warn", "ok"]);
		expect(list[0]?.gate).toBe("ok");
	});
	it("forbid only where they are required and do not hold", () => {
		expect([gate("a", "fail", true), gate("b", "cannot_tell", true), gate("c", "fail", false), gate("d", "warn", true)].map(blocks)).toEqual([true, true, false, false]);
	});
});

describe("a comparison", () => {
	it("says by how much, and when there is nothing to say", () => {
		expect(metricDifference(0.8131, 0.7984)).toBe("+0.0147");
		expect(metricDifference(0.1, 0.2)).toBe("−0.1");
		expect(metricDifference(0.3, 0.1 + 0.2)).toBe("the same");
		expect(metricDifference(null, 1)).toBeNull();
		expect(metricDifference(1, null)).toBeNull();
		expect(metricDifference(Infinity, Infinity)).toBeNull();
	});
	it("groups labels by the data set that they come from", () => {
		const label = (dataset: string, column: string) => ({ label: "email", group: "direct" as const, column, dataset, reached_as: [], exact: true });
		expect(labelsByDataset([label("a", "1"), label("b", "2"), label("a", "3")]).map((it) => [it.dataset, it.labels.length])).toEqual([["a", 2], ["b", 1]]);
	});
});

const version = (number: number, more: Partial<VersionRow> = {}): VersionRow => ({ version: number, candidate: `cand_${number}`, bundle: `sha256:${number}`, published_at: "2026-01-01T00:00:00Z", published_by: "A", approvals: [], aliases: [], withdrawn: null, folder: `/r/m/${number}`, ...more });
const move = (number: number | null, day: number, alias = "production") => ({ alias, version: number, at: `2026-01-${String(day).padStart(2, "0")}T00:00:00Z`, by: "A", reason: "" });
const model = (versions: VersionRow[], alias_moves: RegistryModel["alias_moves"] = []): RegistryModel => ({ name: "m", versions, alias_moves, planned: [] });

describe("rolling back", () => {
	const used = { aliases: ["production"] };
	it("leads to the last version that was in production before", () => {
		const it = model([version(4, used), version(3), version(2), version(1)], [move(4, 9), move(2, 5), move(1, 1), move(3, 8, "staging")]);
		expect(rollBackTarget(it).to?.version).toBe(2);
	});
	it("goes on backwards when it is done twice", () => {
		const it = model([version(4), version(2, used), version(1)], [move(2, 10), move(4, 9), move(2, 5), move(1, 1)]);
		expect(rollBackTarget(it).to?.version).toBe(1);
	});
	it("passes over what was withdrawn", () => {
		const it = model([version(3, used), version(2, { withdrawn: "wrong" }), version(1)], [move(3, 9), move(2, 5), move(1, 1)]);
		expect(rollBackTarget(it).to?.version).toBe(1);
	});
	it("takes the newest before it where no history names one", () => {
		expect(rollBackTarget(model([version(1), version(3, used), version(2)])).to?.version).toBe(2);
	});
	it("says why where there is nothing to go back to", () => {
		expect(rollBackTarget(model([version(1)])).why).toContain("No version is in production");
		expect(rollBackTarget(model([version(2), version(1, used)])).why).toContain("none before it");
		expect(rollBackTarget(model([version(2, used), version(1, { withdrawn: "x" })])).to).toBeNull();
	});
});

describe("when a promotion is to begin", () => {
	const now = new Date(2026, 10, 30, 12).getTime();
	it("is at once where nothing is typed", () => expect(beginning("  ", now)).toEqual({ at: null, why: null }));
	it.each(["2026-12-01 08:00", "2026-12-01T08:00", " 2026-12-01  8:00 "])("“%s” is a time of this computer's clock", (text) => {
		expect(beginning(text, now)).toEqual({ at: new Date(2026, 11, 1, 8).toISOString(), why: null });
	});
	it.each([
		["tomorrow", "Write the day"],
		["2026-12-01", "Write the day"],
		["2026-02-30 08:00", "no such day"],
		["2026-12-01 24:10", "no such day"],
		["2026-11-30 12:00", "has passed"],
	])("“%s” is none: %s", (text, why) => {
		const read = beginning(text, now);
		expect(read.at).toBeNull();
		expect(read.why).toContain(why);
	});
});

describe("the seal", () => {
	const at = "2026-01-02T12:00:00Z";
	const soon = Date.parse(at) + 60_000;
	const permission = { allowed: true, why: null };
	const view = (more: Partial<RegistryView> = {}): RegistryView => ({
		attached: true, path: "/r", name: "R", id: null, problem: null, sentence: "", models: [], people: [], self_test: [], may_admit: permission, may_publish: permission, verified_at: at,
		verified: { registry: "/r", verdict: "ok", sentence: "Every byte and every signature is as it was published.", versions: [{ model: "m", version: 1, verdict: "ok", digest: "sha256:1", signers: ["Jonas"], approvals: [], aliases: [], withdrawn: false }], problems: [], ignored: [] },
		...more,
	});
	it("stands where these very bytes were verified just now", () => {
		expect(sealOf(view(), "m", version(1), soon)).toMatchObject({ verified: true, by: "Jonas", at });
	});
	it("is missing, with a reason, in every other case", () => {
		const sound = view().verified!;
		const cases: [RegistryView, VersionRow, number, string][] = [
			[view({ verified: null }), version(1), soon, "nobody verified"],
			[view({ verified_at: null }), version(1), soon, "nobody verified"],
			[view(), version(2), soon, "after the last verification"],
			[view(), version(1, { bundle: "sha256:other" }), soon, "not what the last verification"],
			[view(), version(1, { withdrawn: "wrong" }), soon, "withdrawn"],
			[view(), version(1), soon + 3_700_000, "last verified"],
			[view({ problem: "The disk is gone." }), version(1), soon, "cannot be read"],
			[view({ verified: { ...sound, verdict: "damaged" } }), version(1), soon, "problems elsewhere"],
			[view({ verified: { ...sound, versions: sound.versions.map((it) => ({ ...it, verdict: "untrusted" as const })) } }), version(1), soon, "something wrong"],
			[view({ verified: { ...sound, versions: sound.versions.map((it) => ({ ...it, digest: null })) } }), version(1), soon, "not what the last verification"],
			[view({ verified_at: "nonsense" }), version(1), soon, "last verified"],
		];
		for (const [given, row, now, why] of cases) {
			const seal = sealOf(given, "m", row, now);
			expect(seal.verified, why).toBe(false);
			expect(seal.why).toContain(why);
		}
	});
	it("goes with the lines that a consumer types", () => {
		expect(consumeLines(view(), "m", version(3, { aliases: ["staging", "production"] })).take).toBe("proofmark registry fetch m@production --to ./m");
		expect(consumeLines(view(), "m", version(3)).take).toBe("proofmark registry fetch m/3 --to ./m");
		expect(consumeLines(view({ path: "/srv/it's here" }), "m", version(3)).check).toBe("proofmark registry verify '/srv/it'\\''s here'");
		expect(consumeLines(view({ path: "\\\\server\\share\\models" }), "m", version(3)).check).toBe('proofmark registry verify "\\\\server\\share\\models"');
	});
});

describe("a person's card", () => {
	const public_key = "-----BEGIN PUBLIC KEY-----\nMFkwEw==\n-----END PUBLIC KEY-----\n";
	// SHA-256 of the text above, as `openssl dgst -sha256` gives it.
	const key_id = "b40696826d2f197c4e6b92757e99348b376f022a5e545aa4bf1a4ee88fb86289";
	const card = { id: "per_01930a6e-0000-7000-8000-000000000001", name: "Jonas", contact: null, public_key, key_id };
	it("is read out of the text around it, and its key id belongs to its key", async () => {
		const read = readCard(`Hello,\n${JSON.stringify(card, null, 2)}\nbest, J`);
		expect(read.card).toEqual(card);
		expect(await keyProblem(card)).toBeNull();
		expect(await keyProblem({ ...card, public_key: public_key.replace("MFkw", "MFkx") })).toContain("changed on the way");
	});
	it("is refused when it is none", () => {
		for (const text of ["hello", "{", '{"id": "per_1"}', JSON.stringify({ ...card, key_id: "12" }), JSON.stringify({ ...card, id: "run_1" }), "[1]", "{}", JSON.stringify({ ...card, public_key: "x" })]) {
			expect(readCard(text).card, text).toBeNull();
		}
		expect(readCard("-----BEGIN PRIVATE KEY-----").problem).toContain("must never leave");
	});
	it("shows its fingerprint in groups of four", () => {
		expect(fingerprintOf("0123456789abcdef0123456789abcdef0123")).toBe("0123 4567 89ab cdef 0123 4567 89ab cdef");
	});
});

describe("where data went", () => {
	it("shows the gravest label where there is room for one", () => {
		const label = (name: string, group: "quasi" | "special" | "financial") => ({ label: name, group, column: name, dataset: "d", reached_as: [], exact: true });
		expect(labelsOf({ model: 0, labels: [label("income", "financial"), label("postcode", "quasi"), label("health", "special"), label("income", "financial")], in_features: true, confidence: 1 })).toEqual(["health", "income", "postcode"]);
	});
	const node = (id: string, label = id) => ({ id, kind: "dataset" as const, label, digest: null, paths: [], labels: [], present: true });
	const edge = (from: string, to: string) => ({ from, to, run: null, basis: "observed" as const, confidence: 1, evidence: "", reasons: [], columns: [], columns_known: false });
	it("follows a shortest way, and ends where there is a ring", () => {
		const graph: Graph = { nodes: ["a", "b", "c", "m"].map((id) => node(id)), edges: [edge("a", "b"), edge("b", "a"), edge("b", "c"), edge("c", "m"), edge("b", "m"), edge("m", "gone")] };
		expect(wayBetween(graph, "a", "m")?.map((it) => it.node.id)).toEqual(["a", "b", "m"]);
		expect(wayBetween(graph, "m", "a")).toBeNull();
		expect(wayBetween(graph, "unknown", "m")).toBeNull();
	});
	it("lists one line per column and model, and passes over a model that is not there", () => {
		const label = { label: "email", group: "direct" as const, column: "e", dataset: "d", reached_as: [], exact: true };
		const view = { sentence: "", unscreened: 0, waiting: 0, models: [{ project: "p", project_name: "P", path: "m", release: "" }], rows: [{ project: "p", project_name: "P", path: "d", labels: [label], cells: [{ model: 0, labels: [label, { ...label, column: "f" }], in_features: true, confidence: 1 }, { model: 7, labels: [label], in_features: false, confidence: 1 }] }] };
		expect(reachesOf(view).map((it) => it.label.column)).toEqual(["e", "f"]);
	});
});

describe("the end of a waiver", () => {
	const now = new Date(2026, 10, 30, 12).getTime();
	it("is proposed, and is a day that may be named", () => {
		expect(usualWaiverDay(now)).toBe("2027-02-28");
		expect(waiverDayProblem(usualWaiverDay(now), now)).toBeNull();
	});
	it("is the end of its day", () => {
		expect(endOfDay("2026-11-30")?.getTime()).toBe(new Date(2026, 10, 30, 23, 59, 59, 999).getTime());
		expect(waiverDayProblem("2026-11-30", now)).toBeNull();
	});
	it("is refused with a reason where it is none, has passed or is too far", () => {
		for (const text of ["", "soon", "2027-02-30", "2026-11-29", "2028-01-01"]) expect(waiverDayProblem(text, now)).not.toBeNull();
	});
});
