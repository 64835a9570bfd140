// Where the cards stand: layered, left to right.
import dagre from "@dagrejs/dagre";
import type { Place } from "./model";
import { CARD } from "./size";


/** Above so many cards the exact ranking takes seconds and the simpler one looks the same. */
const EXACT = 250;

/** What is placed. */
export type ToPlace = { cards: readonly string[]; lines: readonly (readonly [string, string])[] };

/** The middle of each card. Cards without a line stand below the others, in columns, for they have no order. */
export function place({ cards, lines }: ToPlace): [string, Place][] {
	const joined = new Set(lines.flat());
	const graph = new dagre.graphlib.Graph();
	graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 84, marginx: 20, marginy: 20, ranker: cards.length > EXACT ? "longest-path" : "network-simplex" });
	graph.setDefaultEdgeLabel(() => ({}));
	for (const id of cards) if (joined.has(id)) graph.setNode(id, { ...CARD });
	for (const [from, to] of lines) graph.setEdge(from, to);
	if (joined.size > 0) dagre.layout(graph);

	const placed: [string, Place][] = [];
	let bottom = 0;
	for (const id of graph.nodes()) {
		const node = graph.node(id) as unknown as Place;
		placed.push([id, { x: node.x, y: node.y }]);
		bottom = Math.max(bottom, node.y + CARD.height);
	}
	const loose = cards.filter((id) => !joined.has(id));
	const columns = Math.max(1, Math.min(5, Math.ceil(Math.sqrt(loose.length / 4))));
	loose.forEach((id, i) => {
		placed.push([
			id,
			{
				x: 20 + CARD.width / 2 + (i % columns) * (CARD.width + 24),
				y: bottom + 40 + Math.floor(i / columns) * (CARD.height + 14),
			},
		]);
	});
	return placed;
}
