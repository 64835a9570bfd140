// What a release needs, as lines that people read and write. The engine decides what holds; this only reads and shows.
import type { Policy } from "$lib/api/generated/Policy";
import type { Requirement } from "$lib/api/generated/Requirement";

/** One line of the table of needs. */
export type NeedsRow = { of: string; approvals: string; governance: string };

const governanceOf = (it: Requirement | undefined) => (it?.governance ? "must be among them" : "not by this rule");

/** What a policy asks for, one line for each rule. The strictest that applies counts. */
export function needsRows(policy: Policy): NeedsRow[] {
	const least = Math.max(policy.approvals, 1);
	return [
		{ of: "Every release", approvals: String(least), governance: "not by this rule" },
		...(policy.governance_groups.length > 0
			? [{ of: "Sensitive data in its lineage", approvals: String(Math.max(policy.sensitive.approvals, least)), governance: policy.sensitive.governance ? "must be among them" : "if the registry has one" }]
			: []),
		...Object.entries(policy.by_model).map(([name, it]) => ({ of: `The model ${name}`, approvals: String(Math.max(it?.approvals ?? 0, least)), governance: governanceOf(it) })),
		...Object.entries(policy.by_risk).map(([name, it]) => ({ of: `Risk class ${name}`, approvals: String(Math.max(it?.approvals ?? 0, least)), governance: governanceOf(it) })),
	];
}

/** Reads lines of the form `name = 2 + governance`. */
export function parseNeeds(text: string): { needs: Record<string, Requirement>; problem: string | null } {
	const needs: Record<string, Requirement> = {};
	for (const line of text.split("\n").map((it) => it.trim()).filter((it) => it !== "")) {
		const found = /^([^\s=]+)\s*=\s*(\d{1,3})\s*(\+\s*governance)?$/.exec(line);
		if (found === null) return { needs, problem: `“${line}” does not say how many must approve. Write it like: churn = 2 + governance` };
		const [, name = "", approvals = "", governance] = found;
		if (Object.hasOwn(needs, name)) return { needs, problem: `“${name}” stands there twice.` };
		needs[name] = { approvals: Number(approvals), governance: governance !== undefined };
	}
	return { needs, problem: null };
}
