// A model in use, and one of its predictions, as the engine would tell them.
import type { LogTail } from "$lib/api/generated/LogTail";
import type { MonitorView } from "$lib/api/generated/MonitorView";
import type { MonitorWindow } from "$lib/api/generated/MonitorWindow";
import type { RetrainingRequest } from "$lib/api/generated/RetrainingRequest";
import type { TailLine } from "$lib/api/generated/TailLine";
import type { Trace } from "$lib/api/generated/Trace";
import { before, CREDIT, digest, type Handlers, random } from "../world";

const LOG = "logs/scoring_2026_10.jsonl";
const next = random(21);
const round = (value: number) => Math.round(value * 1000) / 1000;

const windows: MonitorWindow[] = Array.from({ length: 24 }, (_, i): MonitorWindow => {
	const late = i >= 16;
	const accuracy = round((late ? 0.84 : 0.91) + (next() - 0.5) * 0.015);
	const moved = late ? 3 : 0;
	return {
		start: before((24 - i) * 24 * 60),
		end: before((23 - i) * 24 * 60),
		rows: 4_000 + Math.floor(next() * 900),
		is_open: i === 23,
		usage: { requests: 4_400, errors: 31, error_rate: 0.007, callers: [{ name: "checkout", rows: 3_800 }, { name: "batch", rows: 600 }], versions: [{ name: late ? "8" : "7", rows: 4_400 }], latency: { mean: 8.1, p50: 7.4, p95: 14.2, p99: 31 }, silence: null },
		confidence: { rows: 4_400, max_probability: round((late ? 0.81 : 0.87) + next() * 0.01), interval: [0.8, 0.88], margin: 0.66, entropy: 0.5, unsure: 0.08 },
		drift: {
			verdict: late ? "drift" : "no_drift",
			drifted: moved,
			compared: 14,
			columns: [
				{ name: "income", role: "input", verdict: late ? "drift" : "no_drift", effect: late ? 0.23 : 0.01, interval: late ? [0.2, 0.26] : [0, 0.03], p_adjusted: late ? 1e-40 : 0.8, change: late ? "distribution" : null, cost: late ? 0.031 : null, season: null, why: late ? "71.0 % of the reference and 48.2 % of the current rows are below 41,000 (KS distance 0.230); the median moved from 38,100 to 43,900" : "at most 0.030 apart, which is within the tolerated 0.030" },
				{ name: "heating_oil_price", role: "input", verdict: "drift", effect: 0.19, interval: [0.17, 0.21], p_adjusted: 1e-20, change: "season", cost: 0.001, season: { state: "expected", known: 3, sentence: "expected for November: inside the range of the last 3 Novembers" }, why: "expected for November: inside the range of the last 3 Novembers" },
			],
			together: i < 12 ? null : { verdict: late ? "drift" : "no_drift", auc: late ? 0.664 : 0.503, interval: late ? [0.648, 0.68] : [0.486, 0.52], p_value: late ? 1e-60 : 0.36, drivers: late ? [{ column: "income", importance: 0.11 }, { column: "region", importance: 0.04 }] : [], left_out: [["heating_oil_price", "moved as the season has it"]], roc: [], n: [2000, 2000], without: late ? { columns: ["income", "region"], auc: 0.531, interval: [0.515, 0.547] } : null, typical: [], why: late ? "a classifier can tell the tables apart (AUC 0.664, 95 % interval 0.648 to 0.680, p = 1.00e-60), mostly by income (AUC lost without it: 0.110), region (AUC lost without it: 0.040)" : "a classifier cannot tell the tables apart beyond the tolerated 0.520 (AUC 0.503, 95 % interval 0.486 to 0.520, p = 3.60e-1)" },
			why: late ? "3 of 14 columns drifted: income, region, employer." : "None of 14 columns drifted.",
		},
		quality: { columns: late ? [{ name: "employer", missing: 0.12, missing_reference: 0.01, outside_range: null, unseen: 0.04, wrong_type: 0, not_finite: 0 }] : [], absent: [], scores_unfit: 0 },
		performance: {
			realised: i < 20 ? { accuracy: { value: accuracy, interval: [round(accuracy - 0.01), round(accuracy + 0.01)], rows: 3_900 } } : {},
			estimated: { accuracy: { value: i < 20 ? round(accuracy + 0.004) : null, interval: i < 20 ? [round(accuracy - 0.006), round(accuracy + 0.014)] : null, sampling_error: 0.005, assumptions: { calibration: "holds", overlap: i < 20 ? "holds" : "fails", enough_rows: "holds", stable_relation: i < 20 ? "holds" : "unknown", valid_scores: "holds" }, why: i < 20 ? "learnt from 41,203 rows with a known outcome; labels of the log agree" : "no number is given: 9 % of the rows hold values that the reference never had" } },
			reference: { accuracy: 0.912 },
			segments: late ? [{ column: "region", values: "is north", metric: "accuracy", rows: 812, value: 0.611, elsewhere: 0.902, reference: 0.908, reference_elsewhere: 0.913, more: 0.286, interval: [0.25, 0.322], p_adjusted: 1e-38, sentence: "Where region is north, accuracy is 0.611 on 812 predictions, in the reference 0.908; elsewhere 0.902, in the reference 0.913." }] : [],
			why: "",
		},
	};
});

const report = "rep_00000000-0000-7000-8000-0000000000aa";
const view: MonitorView = {
	project: CREDIT,
	project_name: "Credit scoring",
	path: LOG,
	head: { report, state: "bad", why: "accuracy went from 0.912 to 0.836 (0.826 to 0.846 with 95 %).", alerts: 2, requests: windows.map((it) => it.rows), last_window: windows[23]?.start ?? null, created_at: before(12) },
	report: {
		model: "credit",
		versions: [{ name: "7", rows: 70_000 }, { name: "8", rows: 35_000 }],
		windows,
		changes: [],
		skew: [],
		alerts: [
			{ kind: "performance", columns: [], window: 16, since: windows[16]?.start ?? null, windows: 4, is_open: true, cost: 0.076, sentence: "accuracy went from 0.912 to 0.836 (0.826 to 0.846 with 95 %), measured on 3900 predictions with a label.", answer: null },
			{ kind: "inputs", columns: ["income", "region", "employer"], window: 16, since: windows[16]?.start ?? null, windows: 8, is_open: true, cost: 0.031, sentence: "income, region and employer are distributed otherwise than in the reference.", answer: { state: "acknowledged", until: null, by: "Amara Okonkwo", at: before(90), note: "The new region was opened in October", learned: false } },
		],
		health: { state: "bad", why: "Since 2026-11-08: accuracy went from 0.912 to 0.836 (0.826 to 0.846 with 95 %), measured on 3900 predictions with a label. income, region and employer are distributed otherwise than in the reference." },
		window: "day",
		log: { paths: [LOG], format: "proofmark", rows: 105_000, span: [before(24 * 24 * 60), before(1)], mapping: [{ column: "request_id", role: "id", name: "", confirmed: false }, { column: "ts", role: "time", name: "", confirmed: false }, { column: "yhat", role: "prediction", name: "", confirmed: false }, { column: "p_good", role: "score", name: "good", confirmed: true }, { column: "income", role: "input", name: "income", confirmed: true }], problems: [{ code: "duplicate_ids", count: 12, message: "12 predictions have an identifier that stands before; each identifier was counted once." }] },
		reference: { path: "data/train.parquet", rows: 41_203, used: 41_203, columns: ["income", "region"], has_outcomes: true },
		labels: { path: "data/labels_2026_10.csv", labels: 78_000, joined: 77_990, unmatched: 10 },
		others: [],
	},
	reference: "data/train.parquet",
	labels: ["data/labels_2026_10.csv"],
};

const trace: Trace = {
	named_inputs: null,
	request_id: "6fa459ea-ee8a-4ca4-894e-db77e160355e",
	time: before(60 * 30),
	model: "credit",
	version: "8",
	inputs: { age: 41, income: 212_000, region: "north", employer: "Werft Süd", purpose: "car" },
	outputs: { prediction: "good", scores: { good: 0.91, bad: 0.09 } },
	label: null,
	caller: "checkout",
	latency_ms: 8.4,
	status: "200",
	log: LOG,
	copies: 1,
	project: CREDIT,
	model_file: { path: "models/credit_model.onnx", digest: digest("7"), known_by: "release" },
	release: { model: "credit", version: 8, digest: digest("7"), purpose: "Decides on loans up to 20,000.", published_by: "Amara Okonkwo", published_at: before(60 * 24 * 9), withdrawn: false },
	approvals: [{ by: "Jonas Weber", at: before(60 * 24 * 9 + 40), approved: true, reason: "Better in every segment." }],
	run: { id: "run_00000000-0000-7000-8000-000000000001", name: "train.py", started: before(60 * 24 * 11), command: "python train.py", commit: "4f2a9c1", parameters: { depth: 6 } },
	datasets: [{ path: "data/train.parquet", digest: digest("3"), basis: "observed", present: true }, { path: "data/raw/bureau_2026_09.csv", digest: digest("4"), basis: "declared", present: false }],
	environment: { digest: digest("9"), python: "3.11.7", packages: 84 },
	unusual_inputs: [
		{ name: "income", value: 212_000, kind: "above_range", quantile: 1, share: null, sentence: "income is 212000; the greatest value of the training is 180400" },
		{ name: "employer", value: "Werft Süd", kind: "unseen", quantile: null, share: 0, sentence: "employer is \"Werft Süd\", which no training row has" },
	],
	neighbours: [{ row: 12_204, distance: 0.31, values: { age: 42, income: 171_000 }, label: "good" }],
	usual_distance: 0.06,
	reference: "data/train.parquet",
	explanation: {
		method: "shapley_exact",
		output: "probabilities.good",
		answer: 0.91,
		agrees: true,
		baseline: 0.742,
		background: 100,
		evaluations: 3_200,
		contributions: [
			{ name: "income", value: 212_000, contribution: 0.214, error: 0.009 },
			{ name: "employer", value: "Werft Süd", contribution: -0.061, error: 0.004 },
			{ name: "age", value: 41, contribution: 0.018, error: 0.002 },
			{ name: "purpose", value: "car", contribution: -0.003, error: 0.001 },
			{ name: "region", value: "north", contribution: 0, error: 0 },
		],
		limits: ["Inputs that go together are changed as if they did not, so the model is asked about rows that may not occur.", "A contribution says what the model does with an input, not what causes what."],
	},
	drift: "3 of 14 columns drifted, most of all income, region, employer (compared with data/train.parquet on 2026-11-20)",
	missing: [],
};

const retraining: RetrainingRequest = {
	model: "credit",
	versions: ["7", "8"],
	advice: "advised",
	why: "Labels show that the model became worse: accuracy went from 0.912 to 0.836 (0.826 to 0.846 with 95 %), measured on 3900 predictions with a label.",
	evidence: view.report?.alerts.map((it) => ({ kind: it.kind, since: it.since, windows: it.windows, columns: it.columns, cost: it.cost, sentence: it.sentence })) ?? [],
	log: [LOG],
	reference: "data/train.parquet",
	rows: 105_000,
	labels: 77_990,
	since: windows[16]?.start ?? null,
	until: windows[23]?.end ?? null,
	doubts: ["The estimate of accuracy: overlap fails, stable relation is not known."],
	made_at: before(1),
};

let told = 0;
const tail = (after: number | null | undefined): LogTail => {
	const lines = Array.from({ length: after === null || after === undefined ? 12 : 1 }, (): TailLine => {
		told += 1;
		const failed = told % 9 === 0;
		return { request_id: `0190a5b2-0000-7000-8000-${String(told).padStart(12, "0")}`, time: before(0), model: "credit", version: "8", caller: "checkout", status: failed ? 503 : 200, latency_ms: 6 + (told % 5), error: failed ? "the model server did not answer within 30 s" : null, prediction: failed ? null : told % 3 === 0 ? "bad" : "good", text: "{}" };
	});
	return { lines, next: told * 200, mark: "1.1.0", skipped: 0, skipped_bytes: 0, rotated: false };
};

export const handlers: Handlers = {
	alert_answer: () => view,
	log_map: () => ({ message: "5 columns kept: every later reading goes by them." }),
	retraining_request: () => retraining,
	log_tail: ({ after }) => tail(after),
	monitor_show: ({ path }) => (path.includes("unread") ? { ...view, path, head: null, report: null } : { ...view, path }),
	trace: ({ id }) => ({ ...trace, request_id: id }),
};
