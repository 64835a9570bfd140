// A rule while a person writes it: fields of text, and the rule that they make.
import type { Rule } from "$lib/api/generated/Rule";

export type RuleKind = Rule["rule"];

/** What is typed. */
export type Draft = { kind: RuleKind; column: string; list: string; pattern: string; share: string; min: string; max: string };

/** The kinds of rules, as a person chooses among them. */
export const kinds: readonly { value: RuleKind; title: string; column: boolean; range: boolean }[] = [
	{ value: "in_range", title: "Numbers lie in a range", column: true, range: true },
	{ value: "not_null", title: "Rows have a value", column: true, range: false },
	{ value: "one_of", title: "Values are one of a list", column: true, range: false },
	{ value: "none_of", title: "Values are none of a list", column: true, range: false },
	{ value: "unique", title: "No value stands twice", column: false, range: false },
	{ value: "matches", title: "Texts match an expression", column: true, range: false },
	{ value: "length", title: "Texts have a length", column: true, range: true },
	{ value: "has_column", title: "The column exists", column: true, range: false },
	{ value: "rows", title: "The table has a number of rows", column: false, range: true },
];

/** The fields of a rule; those of a new one if there is none. */
export function draftOf(rule: Rule | null, column: string): Draft {
	const draft: Draft = { kind: "in_range", column, list: "", pattern: "", share: "0", min: "", max: "" };
	if (rule === null) return draft;
	draft.kind = rule.rule;
	if ("column" in rule) draft.column = rule.column;
	if ("columns" in rule) draft.list = rule.columns.join("\n");
	if ("values" in rule) draft.list = rule.values.join("\n");
	if ("pattern" in rule) draft.pattern = rule.pattern;
	if ("at_most" in rule) draft.share = String(Number((rule.at_most * 100).toFixed(6)));
	if ("min" in rule) draft.min = rule.min === null ? "" : String(rule.min);
	if ("max" in rule) draft.max = rule.max === null ? "" : String(rule.max);
	return draft;
}

function numeric(text: string): number | null | undefined {
	const trimmed = text.trim();
	if (trimmed === "") return null;
	const value = Number(trimmed.replace(",", "."));
	return Number.isFinite(value) ? value : undefined;
}

const lines = (text: string) => text.split("\n").map((it) => it.trim()).filter((it) => it !== "");

/** The rule that the fields make, or why they make none. */
export function ruleOf(draft: Draft): { rule: Rule; problem: null } | { rule: null; problem: string } {
	const no = (problem: string) => ({ rule: null, problem });
	const yes = (rule: Rule) => ({ rule, problem: null });
	const kind = kinds.find((it) => it.value === draft.kind);
	if (kind?.column && draft.column === "") return no("Choose a column.");
	const [min, max] = [numeric(draft.min), numeric(draft.max)];
	if (kind?.range) {
		if (min === undefined || max === undefined) return no("A limit is no number.");
		if (min === null && max === null) return no("Give at least one limit.");
		if (min !== null && max !== null && min > max) return no("The least is greater than the greatest.");
		if (draft.kind !== "in_range" && [min, max].some((it) => it !== null && (it < 0 || !Number.isInteger(it)))) return no("A limit of this kind is a whole number from nought on.");
	}
	const column = draft.column;
	switch (draft.kind) {
		case "in_range":
			return yes({ rule: "in_range", column, min: min ?? null, max: max ?? null });
		case "length":
			return yes({ rule: "length", column, min: min ?? null, max: max ?? null });
		case "rows":
			return yes({ rule: "rows", min: min ?? null, max: max ?? null });
		case "has_column":
			return yes({ rule: "has_column", column });
		case "not_null": {
			const share = numeric(draft.share);
			if (share === undefined || share === null || share < 0 || share > 100) return no("The share is a number from 0 to 100.");
			return yes({ rule: "not_null", column, at_most: share / 100 });
		}
		case "matches":
			return draft.pattern === "" ? no("Write an expression.") : yes({ rule: "matches", column, pattern: draft.pattern });
		case "unique":
			return lines(draft.list).length === 0 ? no("Name at least one column.") : yes({ rule: "unique", columns: lines(draft.list) });
		case "one_of":
		case "none_of":
			return lines(draft.list).length === 0 ? no("Give at least one value.") : yes({ rule: draft.kind, column, values: lines(draft.list) });
	}
}
