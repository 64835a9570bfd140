import { describe, expect, it } from "vitest";
import type { Factor } from "$lib/api/generated/Factor";
import type { Finding } from "$lib/api/generated/Finding";
import type { FindingDecision } from "$lib/api/generated/FindingDecision";
import { factorLines, oddsOf, weightOf } from "../../src/screens/data/factors";
import { judged, isDismissed, listed, plainName, scalar, sure } from "../../src/screens/data/words";
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

describe("findings", () => {
	const finding = (kind: Finding["kind"], severity: Finding["severity"], columns: string[], affected_ratio = 0): Finding => ({ kind, severity, columns, confidence: 1, affected_rows: 0, affected_ratio, example_rows: [], message: "", suggestion: "", measures: [] });
	const decision = (kind: Finding["kind"], columns: string[], word: string, at: string): FindingDecision => ({ kind, columns, decision: word, reason: "r", by: "A", at });

	it("stand worst first, dismissed ones last; the newest decision counts, whatever the order of the columns", () => {
		const list = judged(
			[finding("outliers", "info", ["a"]), finding("null_surge", "error", ["a", "b"], 0.1), finding("unit_change", "error", ["c"], 0.4), finding("casing_variants", "warn", ["d"])],
			[decision("null_surge", ["b", "a"], "dismissed", "2026-02-01T00:00:00Z"), decision("unit_change", ["c"], "dismissed", "2026-01-01T00:00:00Z"), decision("unit_change", ["c"], "accepted", "2026-01-02T00:00:00Z"), decision("outliers", ["z"], "dismissed", "2026-01-02T00:00:00Z")],
		);
		expect(list.map((it) => it.finding.kind)).toEqual(["unit_change", "casing_variants", "outliers", "null_surge"]);
		expect(list.map(isDismissed)).toEqual([false, false, false, true]);
		expect(new Set(list.map((it) => it.key)).size).toBe(4);
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
