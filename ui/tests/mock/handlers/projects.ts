import type { ArtifactKind } from "$lib/api/generated/ArtifactKind";
import type { FileRow } from "$lib/api/generated/FileRow";
import type { ProjectView } from "$lib/api/generated/ProjectView";
import { before, CREDIT, digest, type Handlers, random, SAMPLE, world } from "../world";
import { people, projects } from "./frame";

function find(id: string): ProjectView {
	const found = projects.find((it) => it.project.id === id);
	if (!found) throw { code: "not_found", message: `There is no project ${id}.`, hints: ["It may have been removed."] };
	return found;
}

const shapes: [ArtifactKind, string, string[]][] = [
	["dataset", "data/raw/applications", ["parquet", "csv"]],
	["code", "src/features/encoders", ["py"]],
	["code", "src/models/scorecard", ["py"]],
	["notebook", "notebooks/exploration", ["ipynb"]],
	["model", "models/scorecard", ["onnx", "ubj", "pkl"]],
	["config", "conf/experiments", ["yaml", "toml"]],
	["prediction_log", "logs/predictions", ["jsonl"]],
	["document", "docs/decisions", ["md"]],
	["other", "assets/exports/2026", ["bin", "png"]],
];

const special = [
	"data/raw/applications_2026_10.parquet",
	"data/raw/applications_2026_09.parquet",
	"بيانات/طلبات القروض لشهر أكتوبر ٢٠٢٦ (نسخة نهائية).csv",
	"data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet",
	"נתונים/לקוחות.csv",
	"=cmd|' /C calc'!A0.csv",
];

function makeFiles(total: number): FileRow[] {
	const next = random(7);
	const rows: FileRow[] = special.map((path, i) => row(path, "dataset", next, i === 0 ? "fail" : i === 3 ? "warn" : "pass", i === 0 ? ["person_name", "email", "iban"] : []));
	for (let i = rows.length; i < total; i++) {
		const [kind, folder, endings] = shapes[Math.floor(next() * shapes.length)] ?? ["other", "x", ["bin"]];
		rows.push(row(`${folder}/part_${String(i).padStart(5, "0")}.${endings[i % endings.length]}`, kind, next, kind === "dataset" && next() > 0.4 ? "pass" : null, []));
	}
	return rows.sort((a, b) => (a.facts.path < b.facts.path ? -1 : 1));
}

function row(path: string, kind: ArtifactKind, next: () => number, verdict: FileRow["verdict"], labels: string[]): FileRow {
	return {
		facts: { path, digest: digest(path), kind, media_type: path.endsWith(".csv") ? "text/csv" : path.endsWith(".parquet") ? "application/vnd.apache.parquet" : "application/octet-stream", size: Math.floor(next() ** 4 * 4e9), modified: before(Math.floor(next() * 60 * 24 * 200)) },
		versions: 1 + Math.floor(next() * 4),
		verdict,
		labels,
	};
}

const files = new Map<string, FileRow[]>();
export function filesOf(project: string): FileRow[] {
	let list = files.get(project);
	if (!list) {
		list = makeFiles(project === CREDIT ? 10_000 : 17);
		files.set(project, list);
	}
	return list;
}

export const handlers: Handlers = {
	project_list: () => ({ projects: world.empty ? [] : projects }),
	project_show: ({ project }) => find(project),
	project_add: ({ path, name }) => {
		if (/\.[a-z]{2,7}$/.test(path)) throw { code: "invalid_request", message: `${path} is a file, not a folder.`, hints: ["Add the folder that it lies in."] };
		world.empty = false;
		const made: ProjectView = {
			project: { id: `prj_${digest(path).slice(7, 43)}`, name: name ?? path.split("/").at(-1) ?? path, root: path, added_at: before(0), paused: false, last_scan: null, is_sample: false },
			state: "watching", problem: null, kinds: [], runs: 0, failed_datasets: 0, skipped: [], last_change: null, scanning: null, sentence: "It is being read for the first time.",
		};
		projects.push(made);
		files.set(made.project.id, []);
		return made;
	},
	project_rename: ({ project, name }) => {
		const it = find(project);
		it.project.name = name;
		return it;
	},
	project_pause: ({ project, paused }) => {
		const it = find(project);
		it.project.paused = paused;
		it.state = paused ? "paused" : "watching";
		return it;
	},
	project_remove: ({ project }) => {
		const it = find(project);
		projects.splice(projects.indexOf(it), 1);
		return { message: `“${it.project.name}” is no longer watched. Its files were not touched.` };
	},
	sample_open: () => {
		world.empty = false;
		return find(SAMPLE);
	},
	scan_start: () => ({ job: "job_1" }),
	file_list: ({ project, kind, text, offset, limit }) => {
		const list = filesOf(project).filter((it) => (kind === null || it.facts.kind === kind) && (text === null || it.facts.path.toLowerCase().includes(text.toLowerCase())));
		return { total: list.length, files: list.slice(offset, offset + (limit ?? 200)) };
	},
	code_show: ({ path }) => ({
		sentence: "When it is run it reads 2 files, writes 1 file and trains 1 model.",
		format: path.endsWith(".ipynb") ? "notebook" : "python",
		root: "/home/amara/work/credit-risk",
		runs: true,
		reads: [
			{ path: "data/raw/applications_2026_10.parquet", part: null, line: 14, cell: null, call: "pandas.read_parquet", place: null, when_run: true, confidence: 0.98, columns: ["application_id", "income", "amount", "postcode", "defaulted"], flows: [] },
			{ path: "data/interim/joined/with bureau/and macro/overlay/very-long-name-of-a-join-that-somebody-made-in-a-hurry-and-never-renamed__v2__final__really-final.parquet", part: null, line: 51, cell: null, call: "polars.scan_parquet", place: "src/features/encoders/loading.py:51", when_run: true, confidence: 0.8, columns: [], flows: [] },
			{ path: "warehouse.db", part: "customers", line: 90, cell: null, call: "pandas.read_sql", place: null, when_run: false, confidence: 0.6, columns: ["id", "segment"], flows: [] },
		],
		writes: [
			{ path: "models/scorecard_*.joblib", part: null, line: 77, cell: null, call: "joblib.dump", place: null, when_run: true, confidence: 0.9, columns: [], flows: [] },
		],
		fits: [
			{ line: 66, cell: null, call: "fit", class: "sklearn.linear_model.LogisticRegression", features: ["income_log", "amount", "region"], target: "defaulted", saved: ["models/scorecard_*.joblib"], when_run: true, flows: [
				{ read: "data/raw/applications_2026_10.parquet", from: "income", to: "income_log", kind: "transformation", except: [], confidence: 0.9 },
				{ read: "data/raw/applications_2026_10.parquet", from: "*", to: "*", kind: "identity", except: ["application_id"], confidence: 0.5 },
			] },
		],
		columns: { used: ["income", "amount", "postcode"], created: ["income_log", "region"], dropped: ["application_id"], renamed: { amt: "amount" }, target: "defaulted" },
		classes: ["sklearn.linear_model.LogisticRegression"],
		imports: ["src/features/encoders/loading.py"],
		parse_errors: [],
	}),
	file_show: ({ project, path }) => {
		const it = filesOf(project).find((file) => file.facts.path === path);
		if (!it) throw { code: "not_found", message: `There is no file ${path} in this project.`, hints: [] };
		return {
			facts: it.facts,
			absolute: `${find(project).project.root}/${path}`,
			history: [
				{ path, change: "changed", moved_from: null, digest: it.facts.digest, kind: it.facts.kind, seen_at: before(130) },
				{ path, change: "moved", moved_from: "data/old/applications.parquet", digest: digest("old"), kind: it.facts.kind, seen_at: before(60 * 24 * 12) },
				{ path, change: "added", moved_from: null, digest: digest("old"), kind: it.facts.kind, seen_at: before(60 * 24 * 30) },
			],
			written_by: [{ run: "run_01930a6e-7c1a-7d3e-9b1a-000000000001", name: "prepare-features", basis: "observed", confidence: 1 }],
			read_by: [{ run: "run_01930a6e-7c1a-7d3e-9b1a-000000000002", name: "train-scorecard with a very long name that nobody can remember", basis: "inferred", confidence: 0.72 }],
			same_bytes: ["data/backup/applications_2026_10.parquet"],
			preview: "application_id,applicant_name,email,income,amount\n100231,***,***,52000,12000\n100232,***,***,4333,8000\n",
		};
	},
	change_list: () => ({ changes: [] }),
	search: ({ text, limit }) => ({
		hits: [
			...projects.filter((it) => it.project.name.toLowerCase().includes(text.toLowerCase())).map((it) => ({ kind: "project", label: it.project.name, detail: it.project.root, address: `/projects/${it.project.id}/files` })),
			...filesOf(CREDIT).filter((it) => it.facts.path.includes(text)).slice(0, 8).map((it) => ({ kind: it.facts.kind as string, label: it.facts.path.split("/").at(-1) ?? "", detail: it.facts.path, address: `/projects/${CREDIT}/files?at=${encodeURIComponent(it.facts.path)}` })),
		].slice(0, limit ?? 20),
	}),
	person_list: () => ({ people: world.empty ? [] : people, keychain: { allowed: true, why: null } }),
	person_create: ({ name }) => {
		const first = people[0];
		if (first) people.push({ ...first, card: { ...first.card, id: `per_${digest(name).slice(7, 20)}`, name, contact: null }, fingerprint: digest(name), is_current: false });
		world.empty = false;
		return { people, keychain: { allowed: true, why: null } };
	},
	key_keychain: ({ key_id, keep }) => {
		for (const it of people) if (it.card.key_id === key_id) it.storage = keep ? "keychain" : "encrypted_file";
		return { people, keychain: { allowed: true, why: null } };
	},
	person_select: ({ person }) => {
		for (const it of people) it.is_current = it.card.id === person;
		return { people, keychain: { allowed: true, why: null } };
	},
};
