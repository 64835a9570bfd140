import type { LineageView } from "$lib/api/generated/LineageView";
import type { AuditRow } from "$lib/api/generated/AuditRow";
import type { CarriedLabel } from "$lib/api/generated/CarriedLabel";
import type { MatrixCell } from "$lib/api/generated/MatrixCell";
import type { MatrixRow } from "$lib/api/generated/MatrixRow";
import { before, CHURN, CREDIT, digest, type Handlers, random, world } from "../world";

const RAW = "data/raw/applications_2026_09.parquet";
const names = "Credit risk, retail portfolio";
const label = (name: string, group: CarriedLabel["group"], column: string, dataset: string): CarriedLabel => ({ label: name, group, column, dataset, reached_as: [column], exact: true });
const raw = [label("person_name", "direct", "applicant_name", RAW), label("email", "direct", "email", RAW), label("postcode", "quasi", "address.postcode", RAW), label("iban", "direct", "payout_iban", RAW)];

const models = [
	{ project: CREDIT, project_name: names, path: "models/scorecard_v4.onnx", release: "version 4 · staging" },
	{ project: CREDIT, project_name: names, path: "models/scorecard_v3.onnx", release: "version 3 · production" },
	{ project: CREDIT, project_name: names, path: "models/early_warning_gradient_boosting_with_bureau_features.ubj", release: "not released" },
	{ project: CHURN, project_name: "Churn", path: "models/churn.pkl", release: "not released" },
	{ project: CHURN, project_name: "Churn", path: "archive/2025/churn.pkl", release: "version 1 · withdrawn" },
	{ project: CHURN, project_name: "Churn", path: "models/unused.onnx", release: "not released" },
];

const cell = (model: number, labels: CarriedLabel[], in_features: boolean, confidence: number): MatrixCell => ({ model, labels, in_features, confidence });
const rows: MatrixRow[] = [
	{ project: CREDIT, project_name: names, path: RAW, labels: raw, cells: [cell(0, raw.slice(0, 3), false, 1), cell(1, raw, false, 1), cell(2, raw.slice(2, 3), true, 0.72)] },
	{ project: CREDIT, project_name: names, path: "بيانات/طلبات القروض لشهر أكتوبر ٢٠٢٦ (نسخة نهائية).csv", labels: raw.slice(0, 1), cells: [] },
	{ project: CREDIT, project_name: names, path: "data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet", labels: [label("income", "financial", "declared_income", "x")], cells: [cell(0, [label("income", "financial", "declared_income", "x")], true, 1), cell(2, [label("income", "financial", "declared_income", "x"), label("health_condition", "special", "note_of_officer", "x")], true, 0.64)] },
	...Array.from({ length: 60 }, (_, i): MatrixRow => {
		const path = `data/customers/branch_${String(i).padStart(3, "0")}.parquet`;
		const own = [label("customer_number", "pseudonym", "customer_no", path), label("birth_date", "quasi", "born", path)];
		return { project: CHURN, project_name: "Churn", path, labels: own, cells: i % 3 === 0 ? [] : [cell(3, own.slice(0, 1 + (i % 2)), i % 2 === 0, i % 5 === 0 ? 0.81 : 1), ...(i % 4 === 0 ? [cell(4, own, true, 1)] : [])] };
	}),
];

const what: [string, string, unknown][] = [
	["scan.end", CREDIT, { files: 10_000, changed: 12 }],
	["data.screen", RAW, { columns: 41, sensitive: 4 }],
	["release.approve", "cand_01930a6e-7c1a-7d3e-9b1a-00000000c001", {}],
	["finding.decide", "data/raw/applications_2026_10.parquet", { finding: "unit_change", decision: "accepted", note: "Monthly amounts from the branch North; repaired in the next delivery." }],
	["registry.verify", "reg_01930a6e-0000-7000-8000-000000000001", { verdict: "ok" }],
	["release.alias", "credit-default-scorecard@production", null],
	["setting.change", "theme", { value: "dark" }],
];
const next = random(11);
const entries: AuditRow[] = Array.from({ length: 4_812 }, (_, i) => {
	const [action, object, detail] = what[Math.floor(next() * what.length)] ?? ["scan.end", CREDIT, {}];
	const seq = 4_812 - i;
	return { seq, at: before(i * 37), actor: action.startsWith("scan") || action.startsWith("data") ? "proofmark" : next() > 0.4 ? "Amara Okonkwo" : "יעל בן־דוד", action, object, detail: detail as AuditRow["detail"], hash: digest(`audit ${seq}`).slice(7) };
});

export const handlers: Handlers = {
	governance: () =>
		world.empty
			? { sentence: "No sensitive column was found in the data that was looked at.", models: [], rows: [], unscreened: 0, waiting: 0 }
			: { sentence: "Sensitive data of 42 data sets lies upstream of 5 models; of 27 of them a sensitive column is among the model's own features.", models, rows, unscreened: 3, waiting: 2 },
	audit_list: ({ text, offset, limit }) => {
		const list = world.empty ? [] : entries.filter((it) => text === null || `${it.actor} ${it.action} ${it.object} ${JSON.stringify(it.detail)}`.toLowerCase().includes(text.toLowerCase()));
		return { total: list.length, entries: list.slice(offset, offset + (limit ?? 200)) };
	},
	audit_verify: () => ({ entries: entries.length, intact: true, first_broken: null, head: entries[0]?.hash ?? "" }),
};

/** What lies upstream of any model of a project, as a cell of the matrix asks for it. */
export function upstream(project: string): LineageView {
	const artifact = (path: string, kind: "dataset" | "model") => ({ id: `art_${digest(path).slice(7)}`, kind, label: path, digest: digest(path), paths: [path], labels: [], present: true });
	const feature = "data/features/scorecard_2026_09.parquet";
	const nodes = [artifact(RAW, "dataset"), artifact(feature, "dataset"), ...models.filter((it) => it.project === project).map((it) => artifact(it.path, "model"))];
	const at = (path: string) => `art_${digest(path).slice(7)}`;
	return {
		focus: null,
		graph: {
			nodes,
			edges: [
				{ from: at(RAW), to: at(feature), run: null, basis: "observed", confidence: 1, evidence: "python (pid 81) read the one and wrote the other", reasons: [], columns: [], columns_known: false },
				...models.filter((it) => it.project === project).map((it) => ({ from: at(feature), to: at(it.path), run: null, basis: "inferred" as const, confidence: 0.72, evidence: "train.py names both", reasons: [], columns: [], columns_known: false })),
			],
		},
		troubles: [],
		total_nodes: nodes.length,
		truncated: false,
	};
}
