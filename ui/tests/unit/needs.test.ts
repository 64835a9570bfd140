import { describe, expect, it } from "vitest";
import type { Policy } from "$lib/api/generated/Policy";
import { needsRows, parseNeeds } from "../../src/screens/registry/needs";

describe("what a release needs", () => {
	it("reads lines and refuses what it does not understand", () => {
		expect(parseNeeds("churn = 2 + governance\n\n low=1 ")).toEqual({ needs: { churn: { approvals: 2, governance: true }, low: { approvals: 1, governance: false } }, problem: null });
		for (const bad of ["churn", "churn = two", "churn = 2 + owner", "churn = -1", "a b = 2"]) expect(parseNeeds(bad).problem, bad).toContain(bad);
		expect(parseNeeds("a = 1\na = 2").problem).toContain("twice");
	});

	it("shows the strictest number and who must be among them", () => {
		const policy: Policy = { approvals: 2, governance_groups: ["direct"], sensitive: { approvals: 1, governance: false }, by_model: { churn: { approvals: 3, governance: true } }, by_risk: { low: { approvals: 1, governance: false } }, gates: [] };
		expect(needsRows(policy).map((it) => [it.of, it.approvals, it.governance])).toEqual([
			["Every release", "2", "not by this rule"],
			["Sensitive data in its lineage", "2", "if the registry has one"],
			["The model churn", "3", "must be among them"],
			["Risk class low", "2", "not by this rule"],
		]);
	});
});
