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

	describe("with a span to choose", () => {
		const mark = (at: number) => ({ series: "predictions", label: `day ${at + 1}`, value: "24", x: at * 20, y: 10, width: 20, height: 8 });
		const days = { ...figure, marks: [0, 1, 2, 3, 4].map(mark).concat([{ ...mark(0), series: "accuracy" }]) };
		const chosen: number[][] = [];
		const open = () => {
			chosen.length = 0;
			render(Figure, { figure: days, onbrush: (first: number, last: number) => chosen.push([first, last]) });
			const box = screen.getByRole("application");
			box.setPointerCapture = () => {};
			box.getBoundingClientRect = () => new DOMRect(0, 0, 100, 50);
			return box;
		};

		it("takes the marks whose middle lies under what was drawn, in either direction", async () => {
			const box = open();
			await fireEvent.pointerDown(box, { clientX: 75, button: 0 });
			await fireEvent.pointerMove(box, { clientX: 25 });
			expect(document.querySelector(".span")).not.toBeNull();
			await fireEvent.pointerUp(box);
			expect(chosen).toEqual([[1, 3]]);
			expect(document.querySelector(".span")).toBeNull();
		});

		it("takes a click for no span", async () => {
			const box = open();
			await fireEvent.pointerDown(box, { clientX: 50, button: 0 });
			await fireEvent.pointerUp(box);
			expect(chosen).toEqual([]);
		});

		it("is chosen by keys, too", async () => {
			const box = open();
			await fireEvent.keyDown(box, { key: "ArrowRight" });
			await fireEvent.keyDown(box, { key: "ArrowRight", shiftKey: true });
			await fireEvent.keyDown(box, { key: "ArrowRight", shiftKey: true });
			await fireEvent.keyDown(box, { key: "Enter" });
			expect(chosen).toEqual([[0, 2]]);
		});
	});
});
