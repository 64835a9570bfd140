// What a search for proxies found, in words.
import type { ProxyVerdict } from "$lib/api/generated/ProxyVerdict";
import type { State } from "$lib/words";

export const proxyStates: Record<ProxyVerdict, State> = {
	strong: { tone: "fail", word: "The others give it away" },
	weak: { tone: "attention", word: "The others tell something of it" },
	none: { tone: "pass", word: "The others do not tell it" },
	cannot_tell: { tone: "unknown", word: "It cannot be told" },
};

/** How well one feature alone tells a column, from its area under the curve. */
export function strengthOf(area: number): string {
	if (area >= 0.9) return "nearly certain";
	if (area >= 0.75) return "well";
	if (area >= 0.6) return "somewhat";
	return area >= 0.55 ? "a little" : "only with others";
}
