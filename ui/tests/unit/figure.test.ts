import { fireEvent, render, screen } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import Figure from "$lib/ui/Figure.svelte";
import { parseFigure } from "$lib/ui/svg";

const wrap = (inside: string) => `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 50" onload="alert(1)">${inside}</svg>`;
const cleaned = (inside: string) => parseFigure(wrap(inside))?.outerHTML ?? "";

describe("a figure that is put into the page", () => {
	it("keeps what draws", () => {
		const svg = cleaned('<g class="fig-current"><rect x="1" y="2" width="3" height="4" fill="#fff"/><text class="fig-text" font-size="10">a &lt; b</text></g>');
		expect(svg).toContain('class="fig-current"');
		expect(svg).toContain('width="3"');
		expect(svg).toContain("a &lt; b");
		expect(svg).not.toContain("onload");
	});

	it.each([
		["a script", "<script>alert(1)</script>"],
		["a script inside a group", "<g><g><script>alert(1)</script></g></g>"],
		["a handler", '<rect width="1" onclick="alert(1)" ONMOUSEOVER="alert(1)"/>'],
		["foreign elements", '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="alert(1)"/></body></foreignObject>'],
		["a link", '<a xlink:href="javascript:alert(1)"><text>x</text></a>'],
		["a use from elsewhere", '<use xlink:href="https://example.org/x.svg#a"/>'],
		["an image from elsewhere", '<image href="https://example.org/x.png"/>'],
		["a style with a reference", '<style>*{fill:url(https://example.org/x)}</style><rect style="fill:url(https://example.org/x)" fill="url(https://example.org/x)"/>'],
		["an animation that sets a link", '<animate attributeName="href" values="javascript:alert(1)"/><set attributeName="onclick" to="alert(1)"/>'],
	])("drops %s", (_, inside) => {
		expect(cleaned(inside)).not.toMatch(/alert|example\.org|javascript|<script|<style|<image|<use|<a[ >]|foreignObject|<animate|<set/i);
	});

	it("keeps references that stay inside", () => {
		expect(cleaned('<rect clip-path="url(#c)" fill="url(\'#g\')"/>')).toMatch(/clip-path="url\(#c\)"/);
	});

	it("is nothing if it is no SVG", () => {
		expect(parseFigure("<html><body>x</body></html>")).toBeNull();
	});
});

describe("the figure", () => {
	const figure = {
		title: "Income", description: "Two distributions.", svg: wrap('<rect class="fig-current" width="10" height="10"/>'), width: 100, height: 50,
		marks: [
			{ series: "reference", label: "0 to 10", value: "120 rows", x: 1, y: 1, width: 5, height: 5 },
			{ series: "current", label: "10 to 20", value: "80 rows", x: 10, y: 1, width: 5, height: 5 },
		],
	};

	it("reads its marks by arrow keys, and shows its numbers as a table", async () => {
		render(Figure, { figure });
		const box = screen.getByRole("application");
		await fireEvent.keyDown(box, { key: "ArrowRight" });
		expect(document.querySelector(".readout")?.textContent).toContain("120 rows");
		await fireEvent.keyDown(box, { key: "End" });
		expect(document.querySelector(".readout")?.textContent).toContain("80 rows");
		await fireEvent.click(screen.getByTestId("figure-table"));
		expect(screen.getAllByRole("row")).toHaveLength(3);
		expect(screen.getByRole("table").textContent).toContain("80 rows");
	});
});
