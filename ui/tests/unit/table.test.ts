import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { describe, expect, it, vi } from "vitest";
import Table from "$lib/ui/Table.svelte";
import { toCsv } from "$lib/ui/copy";
import { arrange, compareValues, span, type Column } from "$lib/ui/table";

type Row = { name: string; size: number | null };
const columns: Column<Row>[] = [
	{ id: "name", title: "Name", value: (it) => it.name },
	{ id: "size", title: "Size", width: 80, value: (it) => it.size },
];
const many: Row[] = Array.from({ length: 100_000 }, (_, i) => ({ name: `file ${i}`, size: i }));
const table = (props: Record<string, unknown>) =>
	render(Table<Row>, { id: "t", label: "Files", columns, rows: many, key: (it: Row) => it.name, ...props });
const focused = () => document.activeElement?.getAttribute("data-key");

describe("order and filter", () => {
	it("puts what is missing last in both directions, and numbers in text by size", () => {
		const rows: Row[] = [{ name: "part 10", size: 2 }, { name: "part 9", size: null }, { name: "Part 2", size: 1 }];
		expect(arrange(rows, columns, "", { column: "size", ascending: true }).map((it) => it.size)).toEqual([1, 2, null]);
		expect(arrange(rows, columns, "", { column: "size", ascending: false }).map((it) => it.size)).toEqual([2, 1, null]);
		expect(arrange(rows, columns, "", { column: "name", ascending: true }).map((it) => it.name)).toEqual(["Part 2", "part 9", "part 10"]);
		expect(compareValues(null, null, true)).toBe(0);
	});

	it("keeps rows that hold every word", () => {
		expect(arrange(many, columns, "FILE 99999", null).map((it) => it.name)).toEqual(["file 99999"]);
	});

	it("draws what is in sight and a little more", () => {
		expect(span(100_000, 3000, 600, 30)).toEqual({ first: 92, last: 128 });
		expect(span(0, 0, 600, 30)).toEqual({ first: 0, last: -1 });
	});
});

describe("a list of 100,000", () => {
	it("draws few rows and says how many there are", () => {
		table({});
		expect(screen.getAllByTestId("row").length).toBeLessThan(60);
		expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("100001");
		expect(screen.getByTestId("count-t").textContent).toBe((100_000).toLocaleString());
	});

	it("moves by keys with one row in the tab order, and opens with Enter", async () => {
		const onopen = vi.fn();
		table({ onopen });
		const first = screen.getAllByTestId("row")[0];
		first?.focus();
		const key = async (name: string) => {
			await fireEvent.keyDown(document.activeElement ?? document.body, { key: name });
			await tick();
		};
		await key("j");
		await key("ArrowDown");
		expect(focused()).toBe("file 2");
		await key("k");
		expect(focused()).toBe("file 1");
		expect(document.querySelectorAll('[data-testid=row][tabindex="0"]')).toHaveLength(1);
		await key("Enter");
		expect(onopen).toHaveBeenLastCalledWith(many[1]);
		await key("End");
		expect(focused()).toBe("file 99999");
		await key("j");
		expect(focused()).toBe("file 99999");
		await key("Home");
		expect(focused()).toBe("file 0");
	});

	it("sorts by a column: numbers begin with the largest, and the third press takes it back", async () => {
		table({});
		const sort = screen.getByTestId("sort-t-size");
		const firstKey = () => document.querySelector("[data-index='0']")?.getAttribute("data-key");
		await fireEvent.click(sort);
		expect(firstKey()).toBe("file 99999");
		expect(screen.getAllByRole("columnheader")[1]?.getAttribute("aria-sort")).toBe("descending");
		await fireEvent.click(sort);
		expect(firstKey()).toBe("file 0");
		await fireEvent.click(sort);
		expect(screen.getAllByRole("columnheader")[1]?.hasAttribute("aria-sort")).toBe(false);
	});
});

describe("the four states", () => {
	it("loads without rows, says what is empty, what is filtered, and what failed", async () => {
		const view = table({ rows: undefined });
		expect(screen.getByRole("grid").getAttribute("aria-busy")).toBe("true");
		await view.rerender({ rows: [] });
		expect(screen.getByTestId("empty").textContent).toContain("Nothing here");
		await view.rerender({ rows: many.slice(0, 3), filter: "zebra" });
		expect(screen.getByTestId("filtered-empty")).toBeTruthy();
		await fireEvent.click(screen.getByTestId("clear-filter"));
		expect(screen.getAllByTestId("row")).toHaveLength(3);
		const retry = vi.fn(async () => undefined);
		await view.rerender({ rows: undefined, error: { code: "storage", message: "The disk is full.", hints: ["Free some space."] }, retry });
		expect(screen.getByTestId("error").textContent).toContain("Free some space.");
		await fireEvent.click(screen.getByTestId("retry"));
		expect(retry).toHaveBeenCalledOnce();
	});
});

describe("the export", () => {
	it("quotes what needs it, and defuses what a spreadsheet would run", () => {
		expect(toCsv(["a", "b"], [["x,y", 1], ['say "hi"', null], ["=1+1", true], ["-5", -5]])).toBe(
			'a,b\r\n"x,y",1\r\n"say ""hi""",\r\n\'=1+1,true\r\n\'-5,-5\r\n',
		);
	});
});
