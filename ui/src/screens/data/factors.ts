import type { Factor } from "$lib/api/generated/Factor";
import { number } from "$lib/format";

/** One piece of evidence as it is shown. */
export type FactorLine = {
	factor: Factor;
	/** Whether it speaks for, against, or neither. */
	side: "for" | "against" | "neither";
	/** `+2.30`, with a true minus sign. */
	weight: string;
	/** What the weight does to the odds: `odds × 10`. */
	odds: string;
	/** Its share of the heaviest piece, 0..1, for its bar. */
	share: number;
};

/** What log-odds do to the odds: e to the weight as a factor, or as a divisor when they speak against. */
export function oddsOf(weight: number): string {
	if (!Number.isFinite(weight)) return weight > 0 ? "settles it" : "rules it out";
	const times = Math.exp(Math.abs(weight));
	if (times < 1.005) return "odds unchanged";
	return `odds ${weight > 0 ? "×" : "÷"} ${times >= 1000 ? "> 1,000" : number(times, 2)}`;
}

/** A weight with its sign, two decimals. */
export function weightOf(weight: number): string {
	if (!Number.isFinite(weight)) return weight > 0 ? "+∞" : "−∞";
	const size = Math.abs(weight).toFixed(2);
	if (size === "0.00") return "0.00";
	return `${weight > 0 ? "+" : "−"}${size}`;
}

/** Evidence in the order of its weight, whichever way it speaks. */
export function factorLines(factors: readonly Factor[]): FactorLine[] {
	const finite = factors.map((it) => Math.abs(it.weight)).filter((it) => Number.isFinite(it));
	const heaviest = Math.max(0, ...finite);
	return factors
		.map((factor): FactorLine => {
			const size = Math.abs(factor.weight);
			return {
				factor,
				side: factor.weight > 0 ? "for" : factor.weight < 0 ? "against" : "neither",
				weight: weightOf(factor.weight),
				odds: oddsOf(factor.weight),
				share: Number.isFinite(size) ? (heaviest === 0 ? 0 : size / heaviest) : 1,
			};
		})
		.sort((a, b) => Math.abs(b.factor.weight) - Math.abs(a.factor.weight));
}
