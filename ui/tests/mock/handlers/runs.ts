import type { Run } from "$lib/api/generated/Run";
import type { RunEdge } from "$lib/api/generated/RunEdge";
import type { RunStatus } from "$lib/api/generated/RunStatus";
import { before, CREDIT, digest, type Handlers, random, world } from "../world";

const edge = (path: string, kind: RunEdge["kind"], role: RunEdge["role"], basis: RunEdge["basis"], confidence: number, evidence: string): RunEdge => ({ path, digest: basis === "inferred" ? null : digest(path), kind, role, basis, confidence, columns: [], evidence, reasons: [] });

const inputs: RunEdge[] = [
	edge("data/raw/applications_2026_09.parquet", "dataset", "data", "observed", 1, "opened for reading by python (pid 81), train.py line 12"),
	edge("data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet", "dataset", "data", "matched", 1, "the bytes are those that prepare-features wrote"),
	edge("conf/experiments/part_00412.yaml", "config", "config", "declared", 1, "params.yaml of MLflow names it"),
	edge("src/models/scorecard/part_00021.py", "code", "code", "inferred", 0.72, "imported by train.py"),
	edge("/mnt/bureau/extract-2026-09.csv", "dataset", "data", "observed", 1, "opened for reading by python (pid 81)"),
];
const outputs: RunEdge[] = [
	edge("models/scorecard_v4.onnx", "model", "model", "observed", 1, "written by python (pid 81), train.py line 88"),
	edge("reports/metrics.json", "metrics", "metrics", "observed", 1, "written by python (pid 81)"),
];

const sources: Run["source"][] = ["recorded", "mlflow", "inferred", "dvc"];
const statuses: RunStatus[] = ["finished", "finished", "finished", "failed", "running", "unknown", "killed"];

function make(i: number): Run {
	const next = random(i + 3);
	const minutes = i * 190 + Math.floor(next() * 90);
	const status = statuses[Math.floor(next() * statuses.length)] ?? "finished";
	const names = ["train-scorecard", "prepare-features", "evaluate", "early-warning gradient boosting with bureau features and macro overlay, second attempt", "تدريب النموذج"];
	return {
		id: `run_01930a6e-7c1a-7d3e-9b1a-${String(i).padStart(12, "0")}`,
		project: CREDIT,
		source: sources[i % sources.length] ?? "recorded",
		foreign_id: i % 4 === 1 ? digest(`m${i}`).slice(7, 39) : null,
		name: names[i % names.length] ?? "run",
		status,
		started: status === "unknown" ? null : before(minutes),
		ended: status === "running" || status === "unknown" ? null : before(minutes - 1 - next() * 80),
		command: "python train.py --config conf/experiments/part_00412.yaml --seed 17",
		parameters: { learning_rate: 0.05 + (i % 3) * 0.01, max_depth: 6, n_estimators: 400, features: ["income", "age_of_account", "bureau_score"], seed: 17, "model.early_stopping.rounds": 50 },
		metrics: { auc: 0.79 + next() * 0.04, brier: 0.11 + next() * 0.01, ks: 0.44 + next() * 0.03, "rows.train": 41_203 },
		code: { commit: digest(`c${i}`).slice(7, 47), branch: "main", dirty: i % 2 === 0, path: "train.py", diff: i % 2 === 0 ? "diff --git a/train.py b/train.py\n@@ -10,3 +10,4 @@\n df = read(path)\n-df = df.dropna()\n+df = df.fillna(0)\n+df = df[df.income > 0]\n" : null },
		environment_digest: digest("env"),
		inputs,
		outputs: status === "failed" ? [] : outputs,
		process: { argv: ["python", "train.py"], cwd: "/home/amara/work/credit-risk", exit_code: status === "failed" ? 1 : 0, signal: null, peak_memory: 2_412_004_352, observed_by: ["audit hook", "preload"], blind_spots: ["statically linked programs"], log_truncated: false, use_held: null, held: status === "failed" ? [{ path: "data/raw/applications_2026_10.parquet", digest: digest("data/raw/applications_2026_10.parquet"), reason: "It failed its checks. Income is 12 times lower than in the reference.", fate: "refused" as const }] : [], variables: { OMP_NUM_THREADS: "4", PYTHONHASHSEED: "0" } },
		record: null,
		user: "amara",
	};
}

export const runs: Run[] = Array.from({ length: 128 }, (_, i) => make(i));

const span = (run: Run) => (run.started && run.ended ? Date.parse(run.ended) - Date.parse(run.started) : -1);

export const handlers: Handlers = {
	run_list: ({ project, source, status, text, sort, ascending, offset, limit }) => {
		const order = (a: Run, b: Run) => (sort === "name" ? (a.name < b.name ? -1 : 1) : sort === "duration" ? span(a) - span(b) : (a.started ?? "") < (b.started ?? "") ? -1 : 1);
		const list = (world.empty ? [] : runs)
			.filter((it) => (project === null || it.project === project) && (source === null || it.source === source) && (status === null || it.status === status) && (text === null || `${it.name} ${it.id} ${it.command}`.toLowerCase().includes(text.toLowerCase())))
			.sort((a, b) => (ascending ? order(a, b) : order(b, a)));
		return { total: list.length, runs: list.slice(offset, offset + (limit ?? 200)) };
	},
	run_show: ({ run }) => {
		const it = runs.find((other) => other.id === run);
		if (!it) throw { code: "not_found", message: `There is no run ${run}.`, hints: ["It may belong to a project that was removed."] };
		return {
			run: it,
			project_name: "Credit risk, retail portfolio",
			sentence: "Made “models/scorecard_v4.onnx” from 2 data sets and uncommitted code in 3 min 12 s, with an AUC of 0.813 on 8,240 rows.",
			environment: {
				digest: digest("env"),
				interpreter: { name: "CPython", version: "3.12.4", path: "/home/amara/.venvs/credit/bin/python" },
				packages: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [["numpy", "pandas", "scikit-learn", "lightgbm", "pyarrow"][i] ?? `package-${i}`, `${1 + (i % 4)}.${i % 10}.${i % 7}`])),
				system: "Linux 6.8", architecture: "x86_64", cpu: "AMD Ryzen 7 7840U", gpus: [], basis: "observed", confidence: 1, evidence: ["site-packages"],
			},
			curves: Object.fromEntries(Object.keys(it.metrics).slice(0, 3).map((name) => [name, { recorded: 40, points: [] }])),
			related: [],
			log_tail: Array.from({ length: 60 }, (_, i) => `[${i}] train auc 0.${800 + i} valid auc 0.${780 + i}`).join("\n"),
			log_size: 18_220,
		};
	},
	run_compare: ({ runs: ids }) => {
		const list = ids.map((id) => runs.find((it) => it.id === id)).filter((it) => it !== undefined);
		return {
			runs: list,
			differences: [
				...Object.keys(list[0]?.metrics ?? {}).slice(0, 3).map((name) => ({ of: "metric", name, values: list.map((it) => it.metrics[name] ?? null) })),
				{ of: "parameter", name: "learning_rate", values: list.map((it) => it.parameters.learning_rate ?? null) },
				{ of: "parameter", name: "model.regularisation.lambda", values: list.map((_, i) => (i === 0 ? null : 0.5)) },
				{ of: "input", name: "data/raw/applications_2026_09.parquet", values: list.map((it) => digest(it.id)) },
				{ of: "code", name: "commit", values: list.map((it) => it.code.commit) },
			],
			same: 41,
			curves: Object.fromEntries(Object.keys(list[0]?.metrics ?? {}).slice(0, 2).map((name) => [name, list.map(() => ({ recorded: 40, points: [] }))])),
			packages: Object.fromEntries(list.slice(1).map((it) => [it.id, [{ name: "lightgbm", before: "4.5.0", after: "4.6.0" }]])),
		};
	},
	run_facts: () => {
		const names = (of: "metrics" | "parameters") => [...new Set(runs.flatMap((it) => Object.keys(it[of])))];
		const use = (kind: "metric" | "parameter", list: string[]) => list.map((name, i) => ({ fact: { kind, name }, runs: 400 - i }));
		return { facts: world.empty ? [] : [...use("metric", names("metrics")), ...use("parameter", names("parameters"))] };
	},
	record_list: () =>
		world.empty
			? { records: [], versions: [] }
			: {
					records: [
						{ record: { kind: "mlflow_database" as const, path: "mlflow.db" }, read_at: "2026-11-20T09:12:00.000Z", runs: 1_284, problems: [] },
						{ record: { kind: "dvc" as const, path: "" }, read_at: "2026-11-19T08:00:00.000Z", runs: 6, problems: [{ path: "dvc.yaml", message: "The values of extra.yaml, which `vars` names, cannot be read; what depends on them stays as it is written." }] },
					],
					versions: [
						{ source: "mlflow" as const, store: "mlflow.db", model: "scorecard", version: "4", aliases: ["champion"], run: "abc", found: "mlruns/1/models/m-1/artifacts", created: "2026-11-02T10:00:00.000Z", description: null },
						{ source: "mlflow" as const, store: "mlflow.db", model: "scorecard", version: "3", aliases: [], run: "abd", found: null, created: "2026-10-02T10:00:00.000Z", description: "before the new features" },
					],
				},
	environment_show: ({ of }) => ({
		title: of === "" ? "Credit risk, retail portfolio" : of,
		sentence: "Python 3.12.4 with 60 packages, seen there: seen when the run began (100 % sure).",
		environment: {
			digest: digest("env"),
			interpreter: { name: "CPython", version: "3.12.4", path: "/home/amara/.venvs/credit/bin/python" },
			packages: { numpy: "2.1.0", pandas: "2.2.3" },
			system: "Linux 6.8", architecture: "x86_64", cpu: "AMD Ryzen 7 7840U", gpus: [], basis: "observed" as const, confidence: 1, evidence: ["run train"],
		},
		packages: Array.from({ length: 60 }, (_, i) => ({ name: ["numpy", "pandas", "scikit-learn", "lightgbm", "pyarrow"][i] ?? `package-${i}`, version: `${1 + (i % 4)}.${i % 10}.${i % 7}`, basis: i % 5 === 0 ? ("inferred" as const) : ("observed" as const), confidence: i % 5 === 0 ? 0.5 : 1, from: i % 5 === 0 ? "uv.lock" : "run train", elsewhere: i % 9 === 0 ? ["requirements.txt: >=1.0"] : [] })),
		sources: [
			{ what: "run train", basis: "observed" as const, confidence: 1, python: "3.12.4", packages: 60, why: "seen when the run began" },
			{ what: "uv.lock", basis: "inferred" as const, confidence: 0.8, python: ">=3.11", packages: 71, why: "a lock file of the project, as it is now; it has the versions that the model names" },
		],
	}),
	environment_compare: ({ before, after }) => ({
		sentence: "2 packages differ and 1 other fact between the two; 58 packages are the same in both.",
		before: before.of || "the project",
		after: after.of || "the project",
		facts: [{ name: "python", before: "3.11.7", after: "3.12.4" }],
		packages: [{ name: "lightgbm", before: "4.5.0", after: "4.6.0" }, { name: "polars", before: null, after: "1.9.0" }],
		same: 58,
	}),
	environment_text: ({ format }) => ({ name: format === "conda" ? "environment.yml" : "requirements.txt", text: "numpy==2.1.0\n", left_out: [] }),
};
