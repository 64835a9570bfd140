import type { Edge } from "$lib/api/generated/Edge";
import type { Graph } from "$lib/api/generated/Graph";
import type { Node } from "$lib/api/generated/Node";
import { CREDIT, digest, type Handlers, world } from "../world";
import { upstream } from "./governance";

const RAW = "data/raw/applications_2026_10.parquet";
const node = (id: string, kind: Node["kind"], label: string, more: Partial<Node> = {}): Node => ({ id, kind, label, digest: kind === "run" ? null : digest(label), paths: kind === "run" ? [] : [label], labels: [], present: true, ...more });
const reasons = [
	{ name: "code", weight: 3, why: "train.py line 41 writes `models/scorecard_v4.onnx` (onnx.save): the path is written out" },
	{ name: "class", weight: 1.5, why: "the model is a LogisticRegression, which train.py makes" },
	{ name: "time", weight: -0.7, why: "train.py was changed after the file was written" },
	{ name: "rivals", weight: -1.1, why: "train_old.py can have written it as well" },
];
const edge = (from: string, to: string, run: string | null, basis: Edge["basis"], confidence = 1): Edge => ({ from, to, run, basis, confidence, evidence: basis === "observed" ? "opened by python (pid 81), train.py line 12" : basis === "matched" ? "the bytes are the same" : basis === "declared" ? "dvc.yaml names it" : "named in the code of train.py", reasons: basis === "inferred" ? reasons : [], columns: basis === "observed" ? [{ from: "income", to: "income_log", basis: "inferred", confidence: 0.85, decides: false }] : [], columns_known: basis === "observed" });
const runId = (i: number) => `run_01930a6e-7c1a-7d3e-9b1a-${String(i).padStart(12, "0")}`;
const email = [{ label: "email", group: "direct" as const, column: "email", dataset: RAW, reached_as: ["email"], exact: true }, { label: "postcode", group: "quasi" as const, column: "postcode", dataset: RAW, reached_as: ["region"], exact: false }];

const little: Graph = {
	nodes: [
		node("art_raw", "dataset", RAW, { labels: email }),
		node("path_bureau", "dataset", "/mnt/bureau/extract-2026-09.csv", { digest: null, present: false }),
		node(runId(1), "run", "prepare-features"),
		node("art_features", "dataset", "data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet", { labels: email }),
		node("art_code", "code", "src/train.py"),
		node("art_conf", "config", "conf/experiments/part_00412.yaml", { present: false }),
		node(runId(2), "run", "train-scorecard with a very long name that nobody can remember"),
		node("art_model", "model", "models/scorecard_v4.onnx", { labels: email.slice(1) }),
		node(runId(3), "run", "تدريب النموذج"),
		node("art_log", "prediction_log", "logs/predictions/part_00034.jsonl"),
		node("art_metrics", "metrics", "reports/metrics.json"),
	],
	edges: [
		edge("art_raw", runId(1), runId(1), "observed"), edge("path_bureau", runId(1), runId(1), "inferred", 0.64), edge(runId(1), "art_features", runId(1), "observed"),
		edge("art_features", runId(2), runId(2), "matched"), edge("art_code", runId(2), runId(2), "observed"), edge("art_conf", runId(2), runId(2), "declared"),
		edge(runId(2), "art_model", runId(2), "observed"), edge(runId(2), "art_metrics", runId(2), "declared"), edge("art_model", runId(3), runId(3), "inferred", 0.41), edge(runId(3), "art_log", runId(3), "observed"),
	],
};

/** Twelve stages of runs, each with its scripts: what a year of work leaves behind. */
function large(): Graph {
	const graph: Graph = { nodes: [], edges: [] };
	let last = ["art_raw"];
	graph.nodes.push(node("art_raw", "dataset", RAW, { labels: email }));
	for (let stage = 0; stage < 9; stage++) {
		const made: string[] = [];
		for (let r = 0; r < 4; r++) {
			const run = runId(100 + stage * 4 + r);
			graph.nodes.push(node(run, "run", `stage-${stage}-${["clean", "join", "train", "score"][r] ?? "x"}`));
			for (const from of last.slice(0, 3)) graph.edges.push(edge(from, run, run, r % 2 === 0 ? "observed" : "inferred", r % 2 === 0 ? 1 : 0.7));
			for (let s = 0; s < 11; s++) {
				const script = `art_s_${stage}_${r}_${s}`;
				graph.nodes.push(node(script, "code", `src/stage_${stage}/${["clean", "join", "train", "score"][r] ?? "x"}/part_${s}.py`));
				graph.edges.push(edge(script, run, run, "observed"));
			}
			const out = `art_o_${stage}_${r}`;
			graph.nodes.push(node(out, r === 2 ? "model" : "dataset", `${r === 2 ? "models" : "data"}/stage_${stage}/output_${r}.${r === 2 ? "onnx" : "parquet"}`, { labels: r === 0 ? email : [] }));
			graph.edges.push(edge(run, out, run, "observed"));
			made.push(out);
		}
		last = made;
	}
	return graph;
}

export const handlers: Handlers = {
	lineage_way: ({ from, to }) => {
		const [a, b] = [little.nodes.find((it) => it.id === from), little.nodes.find((it) => it.id === to)];
		const edges = [little.edges[0], little.edges[2], little.edges[3], little.edges[6]].flatMap((it) => (it ? [it] : []));
		const nodes = ["art_raw", runId(1), "art_features", runId(2), "art_model"].flatMap((id) => little.nodes.filter((it) => it.id === id));
		return { sentence: `${a?.label ?? from} became ${b?.label ?? to} through 2 runs; every step is recorded.`, from, to, nodes, edges, confidence: 1 };
	},
	lineage_columns: ({ what }) => ({
		sentence: "2 of 3 features are followed to where they came from, 1 of them step by step through code.",
		node: what,
		columns: [
			{ column: "income_log", labels: [], sources: [{ node: "art_raw", dataset: RAW, column: "income", exact: true, confidence: 0.85 }] },
			{ column: "region", labels: ["postcode"], sources: [{ node: "art_raw", dataset: RAW, column: "postcode", exact: false, confidence: 0.6 }] },
			{ column: "score_7", labels: [], sources: [] },
		],
		possible: [[RAW, "email"]],
	}),
	origin_compare: ({ before, after }) => ({
		sentence: "1 data set, 1 file of code, 2 parameters and 1 package differ between the two.",
		before: { node: "art_before", label: before.includes("/") ? before : after, digest: digest(before), run: runId(1), run_name: "train-scorecard", ended: "2026-09-30T10:12:00Z" },
		after: { node: "art_after", label: after, digest: digest(after), run: null, run_name: null, ended: null },
		data: [
			{ path: RAW, kind: "dataset", before: digest("a"), after: digest("b"), known: true },
			{ path: "/mnt/bureau/extract-2026-09.csv", kind: "dataset", before: null, after: null, known: false },
		],
		code: [{ path: "src/train.py", kind: "code", before: digest("c"), after: digest("d"), known: true }],
		parameters: [{ name: "max_depth", before: 4, after: 6 }, { name: "class_weight", before: null, after: "balanced" }],
		metrics: [{ name: "auc", before: 0.8123, after: 0.8341 }],
		packages: [{ name: "scikit-learn", before: "1.6.1", after: "1.7.0" }],
		unknown: ["The environment of the later is not known."],
		same: 3,
	}),
	lineage_export: ({ to }) => ({ path: to ?? "/home/ada/lineage.svg", size: 20_480 }),
	run_correct: ({ statements }) => ({ message: `What you said about ${statements.length} edge is recorded, and stands.` }),
	lineage: ({ project, focus, direction, depth, data_only }) => {
		if (!world.empty && direction === "up" && depth === null && focus?.startsWith("models/")) return upstream(project);
		if (world.empty || project !== CREDIT) return { focus: null, graph: { nodes: [], edges: [] }, total_nodes: 0, truncated: false, troubles: [] };
		const big = focus === null;
		const graph = big ? large() : little;
		if (focus === "nothing.csv") return { focus: null, graph: { nodes: [], edges: [] }, total_nodes: 480, truncated: false, troubles: [] };
		const at = graph.nodes.find((it) => it.id === focus || it.label === focus) ?? (big ? undefined : little.nodes[3]);
		const hidden = new Set(data_only ? graph.nodes.filter((it) => ["code", "config", "metrics"].includes(it.kind)).map((it) => it.id) : []);
		return {
			focus: at?.id ?? null,
			graph: { nodes: graph.nodes.filter((it) => !hidden.has(it.id)), edges: graph.edges.filter((it) => !hidden.has(it.from) && !hidden.has(it.to)) },
			total_nodes: large().nodes.length + little.nodes.length,
			truncated: false,
			troubles: big ? [] : little.nodes.filter((it) => ["art_raw", runId(1), "art_features", runId(2), "art_model"].includes(it.id)).map((it) => ({ node: it.id, origin: "art_raw", dataset: RAW, kind: "failed" as const, why: "Income is 12 times lower than in the reference in 18 % of the rows.", confidence: it.id === "art_model" ? 0.72 : 1 })),
		};
	},
};
