// What is drawn of a graph: nothing is lost when nodes are drawn as one, and a guess never looks like a record.
import { describe, expect, it } from "vitest";
import type { Basis } from "$lib/api/generated/Basis";
import type { Edge } from "$lib/api/generated/Edge";
import type { Graph } from "$lib/api/generated/Graph";
import type { Node } from "$lib/api/generated/Node";
import type { NodeTrouble } from "$lib/api/generated/NodeTrouble";
import { byNode, draw, find, markOf, step, wayTo, GROUP_ABOVE } from "../../src/screens/lineage/model";
import { place } from "../../src/screens/lineage/place";
import { CARD } from "../../src/screens/lineage/size";

const node = (id: string, kind: Node["kind"], label = id, more: Partial<Node> = {}): Node => ({ id, kind, label, digest: null, paths: [], labels: [], present: true, ...more });
const edge = (from: string, to: string, basis: Basis = "observed", confidence = 1): Edge => ({ from, to, run: null, basis, confidence, evidence: "", reasons: [], columns: [], columns_known: false });

/** `runs` runs in a row, each with `scripts` scripts. */
function chain(runs: number, scripts: number): Graph {
	const graph: Graph = { nodes: [node("d0", "dataset", "data/d0.csv")], edges: [] };
	for (let r = 0; r < runs; r++) {
		graph.nodes.push(node(`r${r}`, "run", `run ${r}`), node(`d${r + 1}`, "dataset", `data/${r}/out.csv`));
		graph.edges.push(edge(`d${r}`, `r${r}`), edge(`r${r}`, `d${r + 1}`));
		for (let s = 0; s < scripts; s++) {
			graph.nodes.push(node(`s${r}.${s}`, "code", `src/stage${r}/part${s}.py`));
			graph.edges.push(edge(`s${r}.${s}`, `r${r}`));
		}
	}
	return graph;
}

describe("draw", () => {
	it("draws a small graph one to one", () => {
		const graph = chain(3, 4);
		const drawing = draw(graph, null);
		expect(drawing.cards.map((it) => it.id)).toEqual(graph.nodes.map((it) => it.id));
		expect(drawing.lines).toHaveLength(graph.edges.length);
		expect(drawing.groups).toBe(0);
	});

	it("draws the scripts of one run as one, and loses no node and no edge", () => {
		const graph = chain(12, 40);
		const drawing = draw(graph, null);
		expect(drawing.cards.length).toBeLessThanOrEqual(GROUP_ABOVE);
		expect(drawing.cards.filter((it) => it.members.length > 1)).toHaveLength(12);
		const first = drawing.cards.find((it) => it.members.some((member) => member.id === "s0.0"));
		expect(first?.title).toBe("40 scripts");
		expect(first?.detail).toBe("in src/stage0");
		expect(drawing.cards.flatMap((it) => it.members.map((member) => member.id)).sort()).toEqual(graph.nodes.map((it) => it.id).sort());
		expect(drawing.lines.reduce((sum, it) => sum + it.edges.length, 0)).toBe(graph.edges.length);
		const ids = new Set(drawing.cards.map((it) => it.id));
		expect(drawing.lines.every((it) => ids.has(it.from) && ids.has(it.to))).toBe(true);
	});

	it("keeps the focus, and what was taken apart, by itself", () => {
		const graph = chain(12, 40);
		expect(draw(graph, "s3.7").cards.some((it) => it.id === "s3.7")).toBe(true);
		const group = draw(graph, null).cards.find((it) => it.members.some((member) => member.id === "s5.1"));
		const apart = draw(graph, null, new Set([group?.id ?? ""]));
		expect(apart.cards.find((it) => it.members.some((member) => member.id === "s5.1"))?.members).toHaveLength(1);
	});

	it("goes on with folders, then with runs of one name, while it is still too much", () => {
		const graph: Graph = { nodes: [node("d", "dataset", "data/in.csv")], edges: [] };
		for (let i = 0; i < 300; i++) {
			graph.nodes.push(node(`r${i}`, "run", "nightly"), node(`o${i}`, "dataset", `out/${i % 3}/${i}.csv`));
			graph.edges.push(edge("d", `r${i}`), edge(`r${i}`, `o${i}`));
		}
		const drawing = draw(graph, null);
		expect(drawing.cards.length).toBeLessThanOrEqual(GROUP_ABOVE);
		expect(drawing.cards.find((it) => it.kind === "run")?.title).toBe("300 runs");
		expect(drawing.cards.flatMap((it) => it.members)).toHaveLength(601);
	});

	it("shows the weakest basis and the least confidence of edges that are drawn as one", () => {
		const graph: Graph = { nodes: [], edges: [] };
		for (let i = 0; i < 200; i++) {
			graph.nodes.push(node(`s${i}`, "code", `src/s${i}.py`));
			graph.edges.push(edge(`s${i}`, "r", i === 7 ? "inferred" : "observed", i === 7 ? 0.4 : 1));
		}
		graph.nodes.push(node("r", "run"));
		const [line] = draw(graph, null).lines;
		expect(line?.basis).toBe("inferred");
		expect(line?.confidence).toBe(0.4);
		expect(line?.edges).toHaveLength(200);
	});

	it("leaves out an edge whose end was cut away, and takes a cycle", () => {
		const drawing = draw({ nodes: [node("a", "dataset"), node("b", "run")], edges: [edge("a", "b"), edge("b", "a"), edge("b", "gone")] }, null);
		expect(drawing.lines.map((it) => it.id)).toEqual(["a → b", "b → a"]);
		expect(place({ cards: ["a", "b"], lines: [["a", "b"], ["b", "a"]] })).toHaveLength(2);
	});
});

describe("place", () => {
	it("goes from left to right, and no card lies on another", () => {
		const drawing = draw(chain(6, 5), null);
		const lone = { cards: [...drawing.cards.map((it) => it.id), "alone", "alone too"], lines: drawing.lines.map((it) => [it.from, it.to] as const) };
		const places = new Map(place(lone));
		expect(places.size).toBe(lone.cards.length);
		for (const line of drawing.lines) expect(places.get(line.from)?.x ?? 0).toBeLessThan(places.get(line.to)?.x ?? 0);
		const all = [...places.values()];
		for (const [i, a] of all.entries()) {
			for (const b of all.slice(i + 1)) expect(Math.abs(a.x - b.x) >= CARD.width || Math.abs(a.y - b.y) >= CARD.height).toBe(true);
		}
	});

	it("places nothing, and 500 cards", () => {
		expect(place({ cards: [], lines: [] })).toEqual([]);
		const drawing = draw(chain(25, 18), null, new Set(), 10_000);
		expect(drawing.cards.length).toBeGreaterThan(490);
		expect(place({ cards: drawing.cards.map((it) => it.id), lines: drawing.lines.map((it) => [it.from, it.to] as const) })).toHaveLength(drawing.cards.length);
	});
});

describe("walking", () => {
	const graph: Graph = {
		nodes: [node("raw", "dataset", "data/raw.csv"), node("r1", "run", "prepare"), node("mid", "dataset", "data/mid.csv"), node("r2", "run", "train"), node("m", "model", "models/m.onnx"), node("conf", "config", "conf.yaml")],
		edges: [edge("raw", "r1"), edge("r1", "mid"), edge("mid", "r2"), edge("conf", "r2"), edge("r2", "m")],
	};
	const drawing = draw(graph, null);
	const places = new Map(place({ cards: drawing.cards.map((it) => it.id), lines: drawing.lines.map((it) => [it.from, it.to] as const) }));

	it("follows the lines with left and right, the column with up and down", () => {
		expect(step(drawing, places, "raw", "right")).toBe("r1");
		expect(step(drawing, places, "r1", "left")).toBe("raw");
		expect(step(drawing, places, "m", "right")).toBeNull();
		const there = step(drawing, places, "mid", "down") ?? step(drawing, places, "mid", "up");
		expect(there).toBe("conf");
	});

	it("tells the way that a label came by", () => {
		expect(wayTo(graph, "data/raw.csv", "m").map((it) => it.id)).toEqual(["raw", "r1", "mid", "r2", "m"]);
		expect(wayTo(graph, "data/elsewhere.csv", "m")).toEqual([]);
		expect(wayTo({ nodes: graph.nodes, edges: [...graph.edges, edge("m", "r1")] }, "data/elsewhere.csv", "m")).toEqual([]);
	});

	it("finds by path, name and words in any order", () => {
		expect(find(drawing, "RAW data")).toEqual(["raw"]);
		expect(find(drawing, " ")).toEqual([]);
		expect(find(drawing, "nothing")).toEqual([]);
	});
});

describe("markOf", () => {
	const trouble = (at: string, more: Partial<NodeTrouble> = {}): NodeTrouble => ({ node: at, origin: "raw", dataset: "data/raw.csv", kind: "failed", why: "Income is -1 in 20 rows.", confidence: 1, ...more });
	const graph: Graph = { nodes: [node("raw", "dataset", "data/raw.csv"), node("model", "model", "models/m.pkl"), node("other", "dataset", "data/other.csv")], edges: [edge("raw", "model")] };
	const marks = byNode([trouble("raw"), trouble("raw", { kind: "held", why: "Held back by Ada." }), trouble("model", { confidence: 0.7 })]);
	const mark = (id: string) => {
		const card = draw(graph, null).cards.find((it) => it.id === id);
		return card === undefined ? undefined : markOf(card, marks);
	};

	it("tells the data itself from what was made from it, with the reasons", () => {
		expect(mark("raw")).toEqual({ own: true, word: "failed its checks", why: ["raw.csv failed its checks. Income is -1 in 20 rows.", "Held back by Ada."] });
		expect(mark("model")?.own).toBe(false);
		expect(mark("model")?.why[0]).toBe("Made from raw.csv (70 % sure), which failed its checks. Income is -1 in 20 rows.");
		expect(mark("other")).toBeNull();
	});
});
