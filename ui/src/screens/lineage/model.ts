// The graph as it is drawn: which nodes are shown by themselves, which are drawn as one, and how one walks over it.
import type { Basis } from "$lib/api/generated/Basis";
import type { Edge } from "$lib/api/generated/Edge";
import type { Graph } from "$lib/api/generated/Graph";
import type { Node } from "$lib/api/generated/Node";
import type { NodeTrouble } from "$lib/api/generated/NodeTrouble";
import type { TroubleKind } from "$lib/api/generated/TroubleKind";
import type { NodeKind } from "$lib/api/generated/NodeKind";
import { baseName, count, folderOf, shortDigest } from "$lib/format";
import { kindWords } from "$lib/words";

/** Above so many nodes, nodes are drawn together. A person does not read more than this at once. */
export const GROUP_ABOVE = 150;
/** Fewer nodes than this are never drawn as one: two are read as fast as “2 files”. */
const LEAST = 3;

/** One card of the drawing: a node, or several that are drawn as one. */
export interface Card {
	id: string;
	kind: NodeKind;
	/** What stands on it in bold. */
	title: string;
	/** What stands below, smaller. */
	detail: string;
	/** The nodes it stands for; one, unless it is a group. */
	members: readonly Node[];
	/** Whether any of them carries labels of sensitive data. */
	labelled: boolean;
	/** Whether none of them lies there any more with these bytes. */
	ghost: boolean;
}

/** The worst of what is the matter with a node or with what it was made from; `null` if nothing is. */
export type Mark = { own: boolean; word: string; why: readonly string[] } | null;

const troubleWords: Record<TroubleKind, string> = { held: "held back", failed: "failed its checks", unreadable: "cannot be read" };

/** What is the matter, as a person reads it: `raw.csv failed its checks: …`. */
export function troubleSentence(it: NodeTrouble): string {
	const sure = it.confidence < 1 ? ` (${Math.round(it.confidence * 100)} % sure)` : "";
	const own = it.node === it.origin;
	// That it is held back is a part of why.
	if (it.kind === "held") return own ? it.why : `Made from ${baseName(it.dataset)}${sure}. ${it.why}`;
	return `${own ? baseName(it.dataset) : `Made from ${baseName(it.dataset)}${sure}, which`} ${troubleWords[it.kind]}. ${it.why}`;
}

/** The mark of a card: its own trouble counts more than what it was made from. */
export function markOf(card: Card, troubles: ReadonlyMap<string, readonly NodeTrouble[]>): Mark {
	const all = card.members.flatMap((node) => troubles.get(node.id) ?? []);
	if (all.length === 0) return null;
	const own = all.filter((it) => it.node === it.origin);
	const shown = own.length > 0 ? own : all;
	const word = own.length > 0 ? troubleWords[own[0]?.kind ?? "failed"] : "Made from data in trouble";
	return { own: own.length > 0, word, why: [...new Set(shown.map(troubleSentence))] };
}

/** The troubles of each node. */
export function byNode(troubles: readonly NodeTrouble[]): ReadonlyMap<string, readonly NodeTrouble[]> {
	const found = new Map<string, NodeTrouble[]>();
	for (const it of troubles) {
		const list = found.get(it.node);
		if (list) list.push(it);
		else found.set(it.node, [it]);
	}
	return found;
}

/** One line of the drawing, which stands for one or more edges. */
export interface Line {
	id: string;
	from: string;
	to: string;
	/** How the weakest of its edges is known: a guess never looks like a record. */
	basis: Basis;
	/** How sure the least sure of its edges is. */
	confidence: number;
	edges: readonly Edge[];
}

/** What is drawn. */
export interface Drawing {
	cards: readonly Card[];
	lines: readonly Line[];
	/** Groups that were made. */
	groups: number;
}

const strength: Record<Basis, number> = { declared: 3, observed: 2, matched: 1, inferred: 0 };
const supporting: ReadonlySet<NodeKind> = new Set<NodeKind>(["code", "notebook", "config", "environment", "document", "metrics", "archive", "other"]);

/** How several things of a kind are counted. */
function many(kind: NodeKind, n: number): string {
	if (kind === "code") return `${count(n)} scripts`;
	if (kind === "run") return `${count(n)} runs`;
	const words = kindWords[kind].many.toLocaleLowerCase();
	return `${count(n)} ${kind === "config" ? "configurations" : kind === "other" ? "files" : words}`;
}

function cardOf(node: Node, degree: { read: number; made: number }): Card {
	const run = node.kind === "run";
	return {
		id: node.id,
		kind: node.kind,
		title: run ? node.label : baseName(node.label) || node.label,
		detail: run ? `${count(degree.read)} read, ${count(degree.made)} made` : node.digest === null ? "bytes not known" : shortDigest(node.digest),
		members: [node],
		labelled: node.labels.length > 0,
		ghost: !node.present,
	};
}

function groupOf(id: string, members: readonly Node[], detail: string): Card {
	const kind = members[0]?.kind ?? "other";
	return {
		id,
		kind,
		title: many(kind, members.length),
		detail,
		members,
		labelled: members.some((it) => it.labels.length > 0),
		ghost: members.every((it) => !it.present),
	};
}

/** Puts the nodes with the same key together; `null` leaves a node alone. */
function gather(nodes: readonly Node[], keyOf: (node: Node) => string | null): Map<string, Node[]> {
	const groups = new Map<string, Node[]>();
	for (const node of nodes) {
		const key = keyOf(node);
		if (key === null) continue;
		const known = groups.get(key);
		if (known) known.push(node);
		else groups.set(key, [node]);
	}
	for (const [key, members] of groups) if (members.length < LEAST) groups.delete(key);
	return groups;
}

/**
 * What is drawn of a graph. Up to `above` nodes, each is a card. Above it, nodes are drawn as one in this order, until few enough are
 * left: code, configuration and the like with the same neighbours (the scripts of one run); files of a kind in one folder; runs of one
 * name. The focus and what a person took apart (`apart`, by group) stay by themselves.
 */
export function draw(graph: Graph, focus: string | null, apart: ReadonlySet<string> = new Set(), above = GROUP_ABOVE): Drawing {
	const known = new Set(graph.nodes.map((it) => it.id));
	// An edge whose end was cut away cannot be drawn.
	const edges = graph.edges.filter((it) => known.has(it.from) && known.has(it.to));
	const groupOfNode = new Map<string, string>();
	const groups = new Map<string, { members: Node[]; detail: string }>();

	const loose = () => graph.nodes.filter((it) => !groupOfNode.has(it.id) && it.id !== focus);
	const shown = () => graph.nodes.length - groupOfNode.size + groups.size;
	const pass = (keyOf: (node: Node) => string | null, detailOf: (members: readonly Node[]) => string) => {
		if (shown() <= above) return;
		for (const [key, members] of gather(loose(), keyOf)) {
			const id = `group ${key}`;
			if (apart.has(id)) continue;
			groups.set(id, { members, detail: detailOf(members) });
			for (const member of members) groupOfNode.set(member.id, id);
		}
	};

	if (graph.nodes.length > above) {
		const beside = new Map<string, string[]>();
		const note = (id: string, word: string) => {
			const list = beside.get(id);
			if (list) list.push(word);
			else beside.set(id, [word]);
		};
		for (const edge of edges) {
			note(edge.from, `>${edge.to}`);
			note(edge.to, `<${edge.from}`);
		}
		pass(
			(node) => (supporting.has(node.kind) ? JSON.stringify([node.kind, [...new Set(beside.get(node.id) ?? [])].sort()]) : null),
			(members) => commonFolder(members),
		);
		pass((node) => (node.kind === "run" ? null : JSON.stringify([node.kind, folderOf(node.label)])), commonFolder);
		pass(
			(node) => (node.kind === "run" ? JSON.stringify(["run", node.label]) : null),
			(members) => members[0]?.label ?? "",
		);
		// Deep trees: one level of folders up, as long as it is still too much.
		for (let depth = 3; depth >= 0 && shown() > above; depth--) {
			const level = depth;
			pass((node) => (node.kind === "run" ? null : JSON.stringify([node.kind, level, node.label.split("/").slice(0, -1).slice(0, level).join("/")])), commonFolder);
		}
	}

	const at = (id: string) => groupOfNode.get(id) ?? id;
	const lines = new Map<string, { from: string; to: string; edges: Edge[] }>();
	const degrees = new Map<string, { read: number; made: number }>();
	const degree = (id: string) => {
		const known = degrees.get(id);
		if (known) return known;
		const made = { read: 0, made: 0 };
		degrees.set(id, made);
		return made;
	};
	for (const edge of edges) {
		degree(edge.to).read += 1;
		degree(edge.from).made += 1;
		const from = at(edge.from);
		const to = at(edge.to);
		if (from === to) continue;
		const id = `${from} → ${to}`;
		const line = lines.get(id);
		if (line) line.edges.push(edge);
		else lines.set(id, { from, to, edges: [edge] });
	}

	return {
		cards: [
			...graph.nodes.filter((it) => !groupOfNode.has(it.id)).map((it) => cardOf(it, degree(it.id))),
			...[...groups].map(([id, it]) => groupOf(id, it.members, it.detail)),
		],
		lines: [...lines].map(([id, it]) => ({
			id,
			from: it.from,
			to: it.to,
			basis: it.edges.reduce<Basis>((weakest, edge) => (strength[edge.basis] < strength[weakest] ? edge.basis : weakest), "declared"),
			confidence: Math.min(...it.edges.map((edge) => edge.confidence)),
			edges: it.edges,
		})),
		groups: groups.size,
	};
}

/** The folder that all of them lie in. */
function commonFolder(members: readonly Node[]): string {
	let common = folderOf(members[0]?.label ?? "").split("/");
	for (const member of members) {
		const parts = folderOf(member.label).split("/");
		let same = 0;
		while (same < common.length && common[same] === parts[same]) same += 1;
		common = common.slice(0, same);
	}
	const folder = common.filter((part) => part !== "").join("/");
	return folder === "" ? "in several folders" : `in ${folder}`;
}

/** Where a card was placed: its middle. */
export type Place = { x: number; y: number };

/** The card that an arrow leads to from another: left and right along the lines, up and down to the next one in the same column. */
export function step(drawing: Drawing, places: ReadonlyMap<string, Place>, from: string, arrow: "left" | "right" | "up" | "down"): string | null {
	const here = places.get(from);
	if (here === undefined) return null;
	const candidates =
		arrow === "right"
			? drawing.lines.filter((it) => it.from === from).map((it) => it.to)
			: arrow === "left"
				? drawing.lines.filter((it) => it.to === from).map((it) => it.from)
				: drawing.cards
						.map((it) => it.id)
						.filter((id) => {
							const place = places.get(id);
							return id !== from && place !== undefined && Math.abs(place.x - here.x) < 40 && (arrow === "down" ? place.y > here.y : place.y < here.y);
						});
	let best: string | null = null;
	let least = Infinity;
	for (const id of candidates) {
		const place = places.get(id);
		if (place === undefined) continue;
		const far = Math.abs(place.y - here.y);
		if (far < least) {
			least = far;
			best = id;
		}
	}
	return best;
}

/** The shortest way downstream from a file with this path to a node, as nodes; empty if none is in sight. */
export function wayTo(graph: Graph, path: string, target: string): readonly Node[] {
	const byId = new Map(graph.nodes.map((it) => [it.id, it]));
	const into = new Map<string, string[]>();
	for (const edge of graph.edges) {
		const list = into.get(edge.to);
		if (list) list.push(edge.from);
		else into.set(edge.to, [edge.from]);
	}
	const next = new Map<string, string | null>([[target, null]]);
	const queue = [target];
	for (let i = 0; i < queue.length; i++) {
		const id = queue[i];
		if (id === undefined) break;
		const node = byId.get(id);
		if (node !== undefined && node.label === path && node.kind !== "run") {
			const way: Node[] = [];
			for (let at: string | null | undefined = id; at !== null && at !== undefined; at = next.get(at)) {
				const step = byId.get(at);
				if (step) way.push(step);
			}
			return way;
		}
		for (const before of into.get(id) ?? []) {
			if (next.has(before)) continue;
			next.set(before, id);
			queue.push(before);
		}
	}
	return [];
}

/** The cards that hold every typed word in a path, a name or a digest, in the order of the drawing. */
export function find(drawing: Drawing, typed: string): readonly string[] {
	const words = typed.toLocaleLowerCase().split(/\s+/).filter((word) => word !== "");
	if (words.length === 0) return [];
	return drawing.cards
		.filter((card) =>
			card.members.some((node) => {
				const text = `${node.label}\u0000${node.digest ?? ""}\u0000${node.id}`.toLocaleLowerCase();
				return words.every((word) => text.includes(word));
			}),
		)
		.map((card) => card.id);
}
