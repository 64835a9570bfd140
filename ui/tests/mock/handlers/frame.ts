import type { LocalPerson } from "$lib/api/generated/LocalPerson";
import type { Project } from "$lib/api/generated/Project";
import type { ProjectView } from "$lib/api/generated/ProjectView";
import type { SettingsView } from "$lib/api/generated/SettingsView";
import { before, CHURN, CREDIT, digest, type Handlers, SAMPLE, world } from "../world";

function person(name: string, contact: string | null, current: boolean): LocalPerson {
	const fingerprint = digest(name);
	return {
		card: { id: `per_01930a6e-0000-7000-8000-${digest(name).slice(7, 19)}`, name, contact, public_key: "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n", key_id: fingerprint.slice(7) },
		fingerprint,
		storage: current ? "keychain" : "encrypted_file",
		created_at: before(60 * 24 * 90),
		is_current: current,
	};
}

export const people: LocalPerson[] = [person("Amara Okonkwo", "amara.okonkwo@example.org", true), person("יעל בן־דוד", null, false)];

function project(id: string, name: string, root: string, minutes: number, is_sample = false): Project {
	return { id, name, root, added_at: before(60 * 24 * 40), paused: false, last_scan: before(minutes), is_sample };
}

export const projects: ProjectView[] = [
	{
		project: project(CREDIT, "Credit risk, retail portfolio", "/home/amara/work/credit-risk", 4),
		state: "watching",
		problem: null,
		kinds: [
			{ kind: "dataset", count: 214, size: 8_412_330_112 },
			{ kind: "code", count: 6_120, size: 18_220_114 },
			{ kind: "notebook", count: 38, size: 44_120_882 },
			{ kind: "model", count: 17, size: 912_004_221 },
			{ kind: "prediction_log", count: 31, size: 1_204_882_110 },
			{ kind: "config", count: 402, size: 1_204_220 },
			{ kind: "document", count: 611, size: 92_110_220 },
			{ kind: "other", count: 2_567, size: 402_110_220 },
		],
		runs: 128,
		failed_datasets: 2,
		skipped: [
			{ path: "data/raw/bureau/locked-2019.parquet", cause: "permission_denied", reason: "This account may not read it." },
			{ path: "shared/exports", cause: "link_leaves_project", reason: "The link leads to /mnt/exports, outside the folder." },
		],
		last_change: before(12),
		scanning: null,
		sentence: "214 data sets, 17 models and 128 runs; 2 data sets failed their checks, and the model in production was trained on bytes that are still here.",
	},
	{
		project: { ...project(CHURN, "نموذج توقع مغادرة العملاء للربع الرابع من عام ٢٠٢٦ مع بيانات الفروع كلها", "/home/amara/work/very/long/path/to/a/shared/analytics/workspace/with/many/levels/churn-prediction-q4-2026-final-final-v2", 60 * 30), paused: true },
		state: "paused",
		problem: null,
		kinds: [
			{ kind: "dataset", count: 4, size: 81_442_110 },
			{ kind: "code", count: 12, size: 82_114 },
			{ kind: "model", count: 1, size: 8_120_221 },
		],
		runs: 0,
		failed_datasets: 0,
		skipped: [],
		last_change: before(60 * 24 * 3),
		scanning: null,
		sentence: "4 data sets and 1 model; nothing has been looked at since it was paused.",
	},
	{
		project: project(SAMPLE, "Sample: wine quality", "/home/amara/.local/share/proofmark/sample", 60 * 24 * 8, true),
		state: "unreachable",
		problem: "The folder /home/amara/.local/share/proofmark/sample is gone. What was recorded of it is kept.",
		kinds: [{ kind: "dataset", count: 2, size: 264_426 }],
		runs: 3,
		failed_datasets: 0,
		skipped: [],
		last_change: before(60 * 24 * 8),
		scanning: null,
		sentence: "2 data sets and 3 runs, as they were eight days ago.",
	},
];

const settings: SettingsView = {
	settings: { theme: "system", screen_automatically: true, screen_size_limit: 2_000_000_000, log_limit: 4_000_000, notifications: true },
	home: "/home/amara/.local/share/proofmark",
	ledger_path: "/home/amara/.local/share/proofmark/ledger.sqlite",
	ledger_size: 48_221_184,
	logs_path: "/home/amara/.local/share/proofmark/logs",
	version: "0.1.0",
	system: "Linux 6.8 x86_64",
};

export const handlers: Handlers = {
	status: () => ({
		watching: world.empty ? 0 : projects.filter((it) => it.state === "watching").length,
		projects: world.empty ? 0 : projects.length,
		jobs: world.empty
			? []
			: [
					{ id: "job_1", kind: "screen", title: "Checking data/raw/applications_2026_10.parquet", project: CREDIT, state: "running", done: 412_000, total: 1_204_881, unit: "rows", detail: "Looking for sensitive columns", created_at: before(1), ended_at: null, error: null },
					{ id: "job_2", kind: "scan", title: "Reading Credit risk, retail portfolio", project: CREDIT, state: "done", done: 10_000, total: 10_000, unit: "files", detail: "10,000 files, 12 changed", created_at: before(4), ended_at: before(0), error: null },
				],
		ledger_problem: null,
		me: world.empty ? null : (people.find((it) => it.is_current) ?? null),
		waiting_for_me: world.empty ? 0 : 1,
		version: "0.1.0",
	}),
	settings_show: () => settings,
	settings_set: (request) => {
		settings.settings = { ...settings.settings, [request.key]: request.value };
		return settings;
	},
	job_list: () => ({ jobs: [] }),
	job_cancel: () => ({ message: "It is being stopped." }),
	overview: () => ({
		first_run: world.empty,
		attention: world.empty
			? []
			: [
					{ urgency: "fail", what: "The data in “applications_2026_10.parquet” failed its checks", why: "Income is 12 times lower than in the reference in 18 % of the rows: it looks like monthly amounts among yearly ones.", action: "Look at the data", target: { to: "dataset", project: CREDIT, path: "data/raw/applications_2026_10.parquet" }, since: before(130) },
					{ urgency: "attention", what: "“credit-default-scorecard” version 4 waits for your decision", why: "Submitted by Jonas Lindqvist; all required gates passed, one warns about a new sensitive column.", action: "Decide", target: { to: "candidate", candidate: "cand_01930a6e-7c1a-7d3e-9b1a-00000000c001" }, since: before(60 * 26) },
					{ urgency: "notice", what: "Nobody has verified the registry for 34 days", why: "Bytes that nobody looks at can rot unseen.", action: "Verify it", target: { to: "registry" }, since: before(60 * 24 * 34) },
				],
		activity: world.empty
			? []
			: [
					{ at: before(12), what: "12 files changed, among them “train.py” and “features.yaml”", project: "Credit risk, retail portfolio", target: { to: "project", project: CREDIT } },
					{ at: before(130), what: "“applications_2026_10.parquet” was checked: 3 errors, 2 warnings", project: "Credit risk, retail portfolio", target: { to: "dataset", project: CREDIT, path: "data/raw/applications_2026_10.parquet" } },
					{ at: before(60 * 26), what: "Jonas Lindqvist submitted “credit-default-scorecard”", project: "Credit risk, retail portfolio", target: { to: "candidate", candidate: "cand_01930a6e-7c1a-7d3e-9b1a-00000000c001" } },
					{ at: before(60 * 72), what: "The project was paused", project: projects[1]?.project.name ?? null, target: { to: "project", project: CHURN } },
				],
		models: world.empty
			? []
			: [
					{ name: "credit-default-scorecard", project: "Credit risk, retail portfolio", target: { to: "model", project: CREDIT, path: "models/scorecard_v4.onnx" }, state: "In production, version 3", sentence: "Holds: no drift in the last 7 days over 41,203 predictions.", tone: "pass" },
					{ name: "early-warning-gradient-boosting-with-bureau-features-and-macro-overlay", project: "Credit risk, retail portfolio", target: { to: "model", project: CREDIT, path: "models/early_warning.ubj" }, state: "Not released", sentence: "Cannot tell: its predictions are not logged, so nobody can say whether it still holds.", tone: "unknown" },
					{ name: "نموذج المغادرة", project: projects[1]?.project.name ?? "", target: { to: "model", project: CHURN, path: "models/churn.pkl" }, state: "Not released", sentence: "Dangerous to load: the pickle calls os.system when it is opened.", tone: "fail" },
				],
		projects: world.empty ? 0 : projects.length,
		datasets: world.empty ? 0 : 220,
		runs: world.empty ? 0 : 131,
	}),
};
