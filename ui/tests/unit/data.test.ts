import { describe, expect, it } from "vitest";
import type { Factor } from "$lib/api/generated/Factor";
import type { Rule } from "$lib/api/generated/Rule";
import { factorLines, oddsOf, weightOf } from "../../src/screens/data/factors";
import { draftOf, ruleOf, type Draft } from "../../src/screens/data/rule";
import { listed, plainName, scalar, sure } from "../../src/screens/data/words";
import { placeOn, pValue, scaleOf } from "../../src/screens/drift/effect";
import type { ColumnDrift } from "$lib/api/generated/ColumnDrift";

const factor = (name: string, weight: number): Factor => ({ name, value: "", weight, why: "" });

describe("factors", () => {
	it("writes weights with their sign, and what they do to the odds", () => {
		expect(weightOf(2.3026)).toBe("+2.30");
		expect(weightOf(-0.7)).toBe("−0.70");
		expect(weightOf(0.001)).toBe("0.00");
		expect(weightOf(-Infinity)).toBe("−∞");
		expect(oddsOf(Math.log(10))).toBe("odds × 10");
		expect(oddsOf(-Math.log(4))).toBe("odds ÷ 4");
		expect(oddsOf(0)).toBe("odds unchanged");
		expect(oddsOf(20)).toBe("odds × > 1,000");
		expect(oddsOf(-Infinity)).toBe("rules it out");
	});

	it("puts the heaviest first, whichever way it speaks", () => {
		const lines = factorLines([factor("a", 0.5), factor("b", -2), factor("c", 1), factor("d", 0)]);
		expect(lines.map((it) => [it.factor.name, it.side, it.share])).toEqual([["b", "against", 1], ["c", "for", 0.5], ["a", "for", 0.25], ["d", "neither", 0]]);
		expect(factorLines([])).toEqual([]);
		expect(factorLines([factor("z", 0)])[0]?.share).toBe(0);
		expect(factorLines([factor("z", Infinity), factor("y", 1)]).map((it) => it.share)).toEqual([1, 1]);
	});
});

describe("rules", () => {
	const typed = (part: Partial<Draft>): Draft => ({ ...draftOf(null, "x"), ...part });

	it("are read into fields and made of them again", () => {
		const rules: Rule[] = [
			{ rule: "in_range", column: "x", min: 0, max: null },
			{ rule: "not_null", column: "x", at_most: 0.07 },
			{ rule: "one_of", column: "x", values: ["a", "b"] },
			{ rule: "none_of", column: "x", values: ["-1"] },
			{ rule: "unique", columns: ["x", "y"] },
			{ rule: "matches", column: "x", pattern: "^A" },
			{ rule: "length", column: "x", min: 2, max: 3 },
			{ rule: "has_column", column: "x" },
			{ rule: "rows", min: 10, max: null },
		];
		for (const rule of rules) expect(ruleOf(draftOf(rule, ""))).toEqual({ rule, problem: null });
	});

	it("say why they are none", () => {
		expect(ruleOf(typed({ kind: "in_range" })).problem).toContain("limit");
		expect(ruleOf(typed({ kind: "in_range", min: "3", max: "1" })).problem).toContain("greater");
		expect(ruleOf(typed({ kind: "in_range", min: "three" })).problem).toContain("no number");
		expect(ruleOf(typed({ kind: "rows", min: "-1" })).problem).toContain("whole");
		expect(ruleOf(typed({ kind: "not_null", share: "120" })).problem).toContain("100");
		expect(ruleOf(typed({ kind: "one_of", list: " \n" })).problem).toContain("value");
		expect(ruleOf({ ...typed({ kind: "has_column" }), column: "" }).problem).toContain("column");
	});
});

describe("words", () => {
	it("never calls a part the whole, nor something nothing", () => {
		expect(sure(0.999)).toBe("> 99%");
		expect(sure(1)).toBe("100%");
		expect(sure(0.00001)).toBe("< 0.01%");
		expect(sure(0)).toBe("0%");
		expect(sure(null)).toBe("–");
	});
	it("lists and shows values", () => {
		expect(listed(["a", "b", "c"])).toBe("a, b and c");
		expect(listed(["a"])).toBe("a");
		expect(plainName("null_surge")).toBe("Null surge");
		expect(scalar("")).toBe("(empty text)");
		expect(scalar(false)).toBe("false");
		expect(scalar(null)).toBe("–");
	});
});

describe("effects", () => {
	const column = (effect: number | null, high: number | null, threshold = 0.1) => ({ effect, interval: high === null ? null : [0, high], threshold }) as unknown as ColumnDrift;
	it("fit on the scale of their list", () => {
		expect(scaleOf([column(0.2, 0.3), column(null, null)])).toBeCloseTo(0.318);
		expect(scaleOf([column(1, 1)])).toBe(1);
		expect(scaleOf([])).toBe(1);
		expect(placeOn(0.5, 1, 100)).toBe(50);
		expect(placeOn(9, 1, 100)).toBe(100);
		expect(placeOn(NaN, 1, 100)).toBe(0);
		expect(pValue(1e-12)).toBe("< 0.0001");
		expect(pValue(null)).toBe("–");
	});
});
