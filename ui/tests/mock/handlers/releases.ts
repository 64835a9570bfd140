import type { BundleManifest } from "$lib/api/generated/BundleManifest";
import type { CandidateRow } from "$lib/api/generated/CandidateRow";
import type { CandidateView } from "$lib/api/generated/CandidateView";
import type { Decision } from "$lib/api/generated/Decision";
import type { GateOutcome } from "$lib/api/generated/GateOutcome";
import type { Question } from "$lib/api/generated/Question";
import type { WaiverRecord } from "$lib/api/generated/WaiverRecord";
import { before, CREDIT, digest, type Handlers, world } from "../world";
import { decision, registry, work } from "./registry";

const id = (n: string) => `cand_01930a6e-7c1a-7d3e-9b1a-${n.padStart(12, "0")}`;
const gate = (name: string, rule: string, required: boolean, verdict: GateOutcome["verdict"], measured: string, allowed: string, why: string, evidence: string[] = []): GateOutcome => ({ gate: name, rule, required, verdict, measured, allowed, why, evidence });

const good: GateOutcome[] = [
	gate("lineage-complete", "Every data set that the model came from is known by its digest", true, "pass", "4 of 4 data sets", "all", "Every step from the raw data to the model is recorded or matched by its bytes.", ["run_01930a6e-7c1a-7d3e-9b1a-000000000000"]),
	gate("environment-known", "The environment of the training run is known", false, "pass", "60 packages, CPython 3.12.4", "known", "It was observed while the run was going on."),
	gate("training-data-fit", "No training data set fails its checks", true, "pass", "0 of 4 fail", "none", "All four data sets passed or only warn."),
	gate("model-file-safe", "Loading the model file cannot run foreign code", true, "pass", "ONNX, safe to load", "safe", "The format holds a graph and numbers, no code."),
	gate("sensitive-columns", "Sensitive columns in the lineage carry no label but these", false, "warn", "person name, e-mail, postcode", "postcode", "Two labels reach the model that its purpose does not allow: person_name and email.", ["data/raw/applications_2026_09.parquet"]),
	{
		...gate("auc-not-worse", "roc_auc is compared with production on the same rows (delong, alpha 0.05)", true, "pass", "0.8131 against 0.8064: better by 0.0067 (-0.0021 to 0.0155), p = 0.1342", "not significantly worse by more than 0", "roc_auc is not worse than that of version 4 on the same 8204 rows by DeLong’s test (p = 0.1342).", ["reports/holdout.csv (3f9c2ab17d40)", "evaluation.csv of version 4"]),
		figures: [
			{ name: "roc_auc", part: "", value: 0.8131, interval: null, rows: 8204, test: null, p_value: null },
			{ name: "roc_auc of version 4", part: "", value: 0.8064, interval: null, rows: 8204, test: null, p_value: null },
			{ name: "better by (roc_auc)", part: "", value: 0.0067, interval: [-0.0021, 0.0155], rows: 8204, test: "delong", p_value: 0.1342 },
		],
	},
	{
		...gate("segments", "accuracy holds in every part of 50 rows or more", false, "warn", "9 of 11 parts; worst branch = North: 0.6912 on 412 rows", "at least 0.7", "accuracy is beyond its limit in branch = North (0.6912), which may be chance. 2 parts of fewer than 50 rows, or of one class, were not judged."),
		figures: [
			{ name: "accuracy", part: "branch = North", value: 0.6912, interval: [0.645, 0.7338], rows: 412, test: null, p_value: null },
			{ name: "accuracy", part: "branch = South", value: 0.7715, interval: [0.7553, 0.7869], rows: 2731, test: null, p_value: null },
		],
	},
	gate("auc-floor", "auc of the training run is at least 0.78", true, "pass", "0.8131", "≥ 0.78", "The metric holds its limit."),
	gate("code-committed", "The code was committed when the run began", false, "warn", "3 lines differ", "none", "train.py had changes that no commit holds."),
];
const bad: GateOutcome[] = good.map((it) =>
	it.gate === "training-data-fit"
		? { ...it, verdict: "fail", measured: "1 of 4 fails", why: "Income is 12 times lower than in the reference in 18 % of the rows of applications_2026_10.parquet.", evidence: ["data/raw/applications_2026_10.parquet", "rep_01930a6e-7c1a-7d3e-9b1a-0000000000aa"] }
		: it.gate === "lineage-complete"
			? { ...it, verdict: "cannot_tell", measured: "3 of 4 data sets", why: "/mnt/bureau/extract-2026-09.csv lies outside the project and its bytes are not known.", evidence: ["/mnt/bureau/extract-2026-09.csv"] }
			: it,
);

function manifest(model: string, gates: GateOutcome[]): BundleManifest {
	return {
		model,
		files: [{ path: "model/scorecard_v4.onnx", digest: digest("v4"), size: 48_120_882 }],
		evidence: ["lineage.json", "run.json", "environment.json", "model.json", "check-9f8e7d6c5b4a.json", "sensitive-9f8e7d6c5b4a.json"].map((path) => ({ path: `evidence/${path}`, digest: digest(path), size: 4_120 + path.length * 911 })),
		gates,
		labels: [
			{ label: "person_name", group: "direct", column: "applicant_name", dataset: "data/raw/applications_2026_09.parquet", reached_as: [], exact: true },
			{ label: "email", group: "direct", column: "email", dataset: "data/raw/applications_2026_09.parquet", reached_as: [], exact: true },
			{ label: "postcode", group: "quasi", column: "address.postcode", dataset: "data/raw/applications_2026_09.parquet", reached_as: [], exact: true },
			{ label: "income", group: "financial", column: "declared_income_of_household_before_tax", dataset: "data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet", reached_as: [], exact: true },
		],
		metrics: { auc: 0.8131, brier: 0.1142, ks: 0.4611, "recall.at.fpr.5": 0.388, "rows.train": 41_203 },
		purpose: "Decides whether an application for a retail loan below 50,000 € is looked at by a person. It does not refuse by itself.",
		limits: "Not for small businesses, and not outside the branches that it was trained on. Weak below 21 years of age: 312 rows.",
	};
}

function row(n: string, model: string, more: Partial<CandidateRow>): CandidateRow {
	return { candidate: id(n), model, bundle: digest(`bundle ${n}`), state: "waiting", version: null, submitted_by: "Jonas Lindqvist", submitted_at: before(60 * 26), note: "", approvals: 0, required: 2, blocking: 0, waits_for_me: false, ...more };
}

const long = "early-warning-gradient-boosting-with-bureau-and-macro-overlay-v2";
/** The candidates; tests change them. */
export const candidates: CandidateRow[] = [
	row("c001", "credit-default-scorecard", { note: "Bureau features of October, recalibrated on 41,203 applications; replaces the monthly income that was read wrongly in the branch North.", approvals: 1, waits_for_me: true }),
	row("c002", long, { submitted_by: "محمد بن عبد الرحمن الشريف", submitted_at: before(60 * 3), blocking: 2, waits_for_me: true, note: "Second attempt" }),
	row("c003", "churn-retention", { submitted_by: "Amara Okonkwo", submitted_at: before(60 * 50), note: "Adds tenure." }),
	row("c004", "limit-management", { state: "approved", approvals: 2, submitted_at: before(60 * 70) }),
	row("c005", "credit-default-scorecard", { state: "rejected", submitted_by: "Amara Okonkwo", submitted_at: before(60 * 24 * 12), blocking: 1, note: "Trial with the raw postcode." }),
	...[4, 3, 2, 1].map((version) => row(String(version), "credit-default-scorecard", { state: "published", version, approvals: 2, submitted_at: before(60 * 24 * (5 - version) * 40), note: version === 1 ? "First release." : "Yearly recalibration." })),
];
const decisions = new Map<string, Decision[]>([
	[id("c001"), [decision("Priya Raghunathan", true, "Name and e-mail are dropped before the features are made; the columns are in the lineage and not in the model.", 60 * 4)]],
	[id("c004"), [decision("Priya Raghunathan", true, "Nothing sensitive reaches it.", 60 * 30), decision("Jonas Lindqvist", true, "Stable over four windows.", 60 * 20)]],
	[id("c005"), [decision("Priya Raghunathan", false, "The raw postcode names single houses. Group it to districts and submit again.", 60 * 24 * 11)]],
]);

const questions = new Map<string, Question[]>([
	[
		id("c001"),
		[
			{ id: "stm_q1", name: "Priya Raghunathan", text: "Why does the share of missing incomes double in September?", at: before(60 * 9), answers: [{ id: "stm_a1", name: "Jonas Lindqvist", text: "A branch sent its file a day late. The rows were added on the 4th, and the check was run again.", at: before(60 * 7), answers: [] }] },
			{ id: "stm_q2", name: "Amara Okonkwo", text: "Was the threshold chosen before or after the holdout was looked at?", at: before(60 * 2), answers: [] },
		],
	],
]);
const waivers = new Map<string, WaiverRecord[]>();

function find(candidate: string): CandidateRow {
	const found = candidates.find((it) => it.candidate === candidate);
	if (!found) throw { code: "not_found", message: `There is no candidate ${candidate}.`, hints: ["It may belong to another registry."] };
	return found;
}

function view(candidate: string): CandidateView {
	const it = find(candidate);
	const open = it.state === "waiting";
	const mine = it.submitted_by === "Amara Okonkwo";
	const no = (why: string) => ({ allowed: false, why });
	const settled = no(`The candidate is ${it.state}, so it cannot be decided.`);
	return {
		row: it,
		sentence:
			it.state === "published"
				? `It was published as version ${it.version}.`
				: it.state === "rejected"
					? "No: it was rejected."
					: it.blocking > 0
						? `Not yet: ${it.blocking} required gates do not hold, and it has ${it.approvals} of ${it.required} approvals.`
						: it.state === "approved"
							? "Yes: every required gate holds, and two people approved it."
							: `Not yet: every required gate holds, and it has ${it.approvals} of ${it.required} approvals.`,
		manifest: manifest(it.model, it.blocking > 0 ? bad : good),
		decisions: decisions.get(candidate) ?? [],
		questions: questions.get(candidate) ?? [],
		waivers: waivers.get(candidate) ?? [],
		may_waive: it.blocking > 0 ? { "training-data-fit": mine ? no("Amara Okonkwo submitted this candidate, so somebody else must decide.") : { allowed: true, why: null } } : {},
		production: it.model === "credit-default-scorecard" ? { version: 3, metrics: [{ name: "auc", candidate: 0.8131, production: 0.7984 }, { name: "brier", candidate: 0.1142, production: 0.1201 }, { name: "ks", candidate: 0.4611, production: 0.4611 }, { name: "recall.at.fpr.5", candidate: 0.388, production: null }, { name: "gini", candidate: null, production: 0.5968 }], new_labels: ["income"], gone_labels: ["iban"], changed_files: ["model/scorecard_v4.onnx"] } : null,
		may_approve: !open ? settled : mine ? no("Amara Okonkwo submitted this candidate, so somebody else must decide.") : it.blocking > 0 ? no("The gate `training-data-fit` does not pass: 1 of 4 data sets fails.") : { allowed: true, why: null },
		may_reject: !open ? settled : mine ? no("Amara Okonkwo submitted this candidate, so somebody else must decide.") : { allowed: true, why: null },
		may_publish: it.state === "approved" ? { allowed: true, why: null } : it.state === "published" ? no("It is published already.") : no(`${it.approvals} of ${it.required} approvals.`),
	};
}

export const handlers: Handlers = {
	candidate_list: () => ({ candidates: world.empty ? [] : candidates }),
	candidate_show: ({ candidate }) => view(candidate),
	candidate_draft: ({ project, path }) => {
		const m = manifest("x", bad);
		return { project, path, suggested_name: "scorecard-v4", gates: path.includes("v4") ? good : bad, files: m.files.map((it) => ({ ...it, path: path.split("/").at(-1) ?? path })), labels: m.labels, metrics: m.metrics, may_submit: project === CREDIT ? { allowed: true, why: null } : { allowed: false, why: "Amara Okonkwo has not the role `submitter` in this registry." }, command: path.includes("itself") ? [] : ["python", "predict.py", "{model}"], unevaluated: path.includes("itself") };
	},
	gates_run: () => work("gates", "Asking the command about scorecard_v4.onnx", () => undefined),
	candidate_submit: ({ model, note }) =>
		work("submit", `Submitting ${model}`, () => {
			candidates.unshift(row(`d${candidates.length}`, model, { submitted_by: "Amara Okonkwo", submitted_at: before(0), note }));
		}),
	candidate_decide: ({ candidate, approve, reason }) => {
		const it = find(candidate);
		decisions.set(candidate, [...(decisions.get(candidate) ?? []), decision("Amara Okonkwo", approve, reason, 0)]);
		if (approve) {
			it.approvals += 1;
			if (it.approvals >= it.required) it.state = "approved";
		} else it.state = "rejected";
		it.waits_for_me = false;
		return view(candidate);
	},
	candidate_discuss: ({ candidate, answers, text }) => {
		const said: Question = { id: `stm_${Math.random()}`, name: "Amara Okonkwo", text, at: before(0), answers: [] };
		const all = questions.get(candidate) ?? [];
		const asked = all.find((it) => it.id === answers);
		if (asked) asked.answers.push(said);
		else questions.set(candidate, [...all, said]);
		return view(candidate);
	},
	candidate_waive: ({ candidate, gate, reason, expires }) => {
		waivers.set(candidate, [...(waivers.get(candidate) ?? []), { gate, person: "per_x", name: "Amara Okonkwo", reason, at: before(0), expires: expires ?? null }]);
		return view(candidate);
	},
	candidate_publish: ({ candidate, confirm }) => {
		const it = find(candidate);
		if (confirm !== it.model) throw { code: "blocked", message: `“${confirm}” is not the model's name.`, hints: [] };
		return work("publish", `Publishing ${it.model}`, () => {
			it.state = "published";
			it.version = (registry.models.find((model) => model.name === it.model)?.versions[0]?.version ?? 0) + 1;
		});
	},
};
