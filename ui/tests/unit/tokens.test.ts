import { describe, expect, it } from "vitest";
import css from "$lib/ui/tokens.css?raw";

/** Relative luminance of a colour, by WCAG 2.2. */
function luminance(hex: string): number {
	const [r, g, b] = [1, 3, 5].map((at) => {
		const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	}) as [number, number, number];
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
	const [x, y] = [luminance(a), luminance(b)];
	return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function theme(name: string): Record<string, string> {
	const start = css.indexOf(`:root[data-theme="${name}"] {`);
	const block = css.slice(start, css.indexOf("}", start));
	return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

describe.each(["light", "dark"])("the %s theme", (name) => {
	const colours = theme(name);
	const grounds = ["bg", "panel", "sunken", "hover", "selected"];
	it.each(["ink", "ink-2", "accent-ink", "pass", "attention", "fail", "unknown"])("reads %s at 4.5:1 on every ground", (ink) => {
		for (const ground of grounds) {
			expect(contrast(colours[ink] ?? "", colours[ground] ?? ""), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
		}
	});
	it("reads the words of a primary button at 4.5:1", () => {
		expect(contrast(colours["on-accent"] ?? "", colours.accent ?? "")).toBeGreaterThanOrEqual(4.5);
	});
	it.each(["line-strong", "focus", "fig-reference", "fig-current", "fig-1", "fig-2", "fig-3", "fig-4", "fig-5", "fig-6"])("shows %s at 3:1", (mark) => {
		for (const ground of ["bg", "panel"]) expect(contrast(colours[mark] ?? "", colours[ground] ?? ""), `${mark} on ${ground}`).toBeGreaterThanOrEqual(3);
	});
});
