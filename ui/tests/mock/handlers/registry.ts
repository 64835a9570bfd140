import type { Job } from "$lib/api/generated/Job";
import type { Decision } from "$lib/api/generated/Decision";
import type { RegistryView } from "$lib/api/generated/RegistryView";
import type { Role } from "$lib/api/generated/Role";
import type { VersionRow } from "$lib/api/generated/VersionRow";
import { emit } from "../host";
import { before, digest, type Handlers, world } from "../world";
import { people } from "./frame";

const DAY = 60 * 24;
const yes = { allowed: true, why: null };

export const decision = (name: string, approved: boolean, reason: string, minutes: number): Decision => ({ person: `per_01930a6e-0000-7000-8000-${digest(name).slice(7, 19)}`, name, key_id: digest(`key of ${name}`).slice(7), approved, reason, at: before(minutes) });

function version(model: string, number: number, days: number, more: Partial<VersionRow> = {}): VersionRow {
	return {
		version: number,
		candidate: `cand_01930a6e-7c1a-7d3e-9b1a-${String(number).padStart(12, "0")}`,
		bundle: digest(`${model} ${number}`),
		published_at: before(days * DAY),
		published_by: number % 2 === 0 ? "Jonas Lindqvist" : "Amara Okonkwo",
		approvals: [decision("Jonas Lindqvist", true, "AUC holds on the October sample, and the new bureau columns are documented.", days * DAY + 120), decision("Priya Raghunathan", true, "No special category reaches it; postcode is grouped to districts.", days * DAY + 90)],
		aliases: [],
		withdrawn: null,
		folder: `/srv/shared/model-registry/models/${model}/version-${number}`,
		...more,
	};
}

const long = "early-warning-gradient-boosting-with-bureau-and-macro-overlay-v2";

/** The attached registry; tests change it. */
export const registry: RegistryView = {
	attached: true,
	path: "/srv/shared/model-registry",
	name: "Retail risk registry",
	id: "reg_01930a6e-0000-7000-8000-000000000001",
	problem: null,
	sentence: "2 models in 10 versions; all of it was as signed when it was last verified.",
	models: [
		{
			name: "credit-default-scorecard",
			versions: [
				version("credit-default-scorecard", 4, 1, { aliases: ["staging"] }),
				version("credit-default-scorecard", 3, 34, { aliases: ["production", "audit-2026"] }),
				version("credit-default-scorecard", 2, 120, { withdrawn: "Income of the branch North was read as monthly: every score from there is wrong." }),
				version("credit-default-scorecard", 1, 210),
			],
			alias_moves: [
				{ alias: "staging", version: 4, at: before(DAY), by: "Jonas Lindqvist", reason: "Shadow run over two weeks." },
				{ alias: "production", version: 3, at: before(33 * DAY), by: "Amara Okonkwo", reason: "Version 2 is wrong for the branch North." },
				{ alias: "production", version: 2, at: before(119 * DAY), by: "Jonas Lindqvist", reason: "Better calibration." },
				{ alias: "production", version: 1, at: before(209 * DAY), by: "Amara Okonkwo", reason: "First release." },
			],
			planned: [{ alias: "production", version: 4, from: before(-9 * DAY), by: "Jonas Lindqvist", reason: "After the audit.", at: before(DAY), ended: null }],
		},
		{
			name: long,
			versions: [8, 7, 6, 5, 4, 3, 2, 1].map((number) => version(long, number, (9 - number) * 21, number === 1 ? { aliases: ["baseline"] } : {})),
			alias_moves: [{ alias: "baseline", version: 1, at: before(160 * DAY), by: "Priya Raghunathan", reason: "Fixed point of comparison for the yearly validation." }],
			planned: [],
		},
	],
	people: [],
	verified: null,
	verified_at: before(18),
	self_test: [
		{ name: "Writable", holds: true, meaning: "Without this the registry can be read and verified, but nothing can be published." },
		{ name: "A name is given once", holds: true, meaning: "Two people who publish at the same moment get two version numbers." },
		{ name: "A folder appears as a whole", holds: true, meaning: "Nobody sees half of a version." },
		{ name: "What is written is on the disk", holds: false, meaning: "A power cut loses nothing that was acknowledged." },
	],
	may_admit: yes,
	may_publish: yes,
};

function person(name: string, contact: string | null, roles: Role[], more: { revoked?: boolean; local?: boolean } = {}) {
	const card = people.find((it) => it.card.name === name)?.card ?? { id: `per_01930a6e-0000-7000-8000-${digest(name).slice(7, 19)}`, name, contact, public_key: "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n", key_id: digest(`key of ${name}`).slice(7) };
	return { card, roles, fingerprint: card.key_id.slice(0, 32).replace(/(.{4})(?=.)/g, "$1 "), revoked: more.revoked ?? false, is_local: more.local ?? false };
}
registry.people = [
	person("Amara Okonkwo", null, ["owner", "submitter", "approver", "publisher"], { local: true }),
	person("Jonas Lindqvist", "jonas.lindqvist@example.org", ["submitter", "approver", "publisher"]),
	person("Priya Raghunathan", "priya.raghunathan@example.org", ["approver", "governance_reviewer"]),
	person("محمد بن عبد الرحمن الشريف", null, ["submitter"]),
	person("Tomás Ó Fearghail", "tomas@example.org", [], { revoked: true }),
];

registry.trust = {
	version: 6,
	root_fingerprint: registry.people[0]?.fingerprint ?? "",
	owners_needed: 2,
	expires: null,
	policy: { approvals: 2, governance_groups: ["direct", "special"], sensitive: { approvals: 2, governance: true }, by_model: { "early-warning": { approvals: 3, governance: true } }, by_risk: { high: { approvals: 3, governance: true }, low: { approvals: 1, governance: false } }, gates: [{ name: "auc-not-worse", required: true, waivable_by: ["owner"], rule: "against_production", metric: "roc_auc", test: null, demand: "not_worse", at_most_worse: 0, alpha: 0.05, least_rows: 100 }] },
	gates_text: '[[gate]]\nname = "auc-not-worse"\nrequired = true\nwaivable_by = ["owner"]\nrule = "against_production"\nmetric = "roc_auc"\n',
	proposals: [
		{ list: digest("proposal"), version: 7, reason: "Elif joins the platform team.", changes: ["Elif Yıldız is admitted with the roles: submitter, publisher."], signed: ["Jonas Lindqvist"], required: 2, may_endorse: yes },
	],
	requests: [{ ...(({ card, fingerprint }) => ({ card, fingerprint }))(person("Wanjiru Kamau", "wanjiru@example.org", [])), note: "I review models of the fraud team.", at: before(60 * 3) }],
};

/** What a verification finds now. */
export function verifyNow(): void {
	registry.verified = {
		registry: registry.path ?? "",
		verdict: "ok",
		sentence: "Every byte and every signature is as it was published.",
		versions: registry.models.flatMap((model) => model.versions.map((it) => ({ model: model.name, version: it.version, verdict: "ok" as const, digest: it.bundle, signers: [it.published_by], approvals: it.approvals, aliases: it.aliases, withdrawn: it.withdrawn !== null }))),
		problems: [],
		ignored: ["models/credit-default-scorecard/version-3/model (conflicted copy 2026-11-02).onnx"],
	};
	registry.verified_at = before(0);
}
verifyNow();
registry.verified_at = before(18);
// The newest came after the verification, so it has no seal yet.
if (registry.verified) registry.verified.versions = registry.verified.versions.filter((it) => !(it.version === 4 && it.model === "credit-default-scorecard"));

/** A registry of somebody whose disk failed. */
export function damage(): void {
	if (!registry.verified) return;
	registry.verified.verdict = "damaged";
	registry.sentence = "2 models in 10 versions; the last verification found 2 things that are not as they should be.";
	const found = registry.verified.versions.find((it) => it.version === 3);
	if (found) found.verdict = "damaged";
	registry.verified.problems = [
		{ code: "file_changed", path: "models/credit-default-scorecard/version-3/model/scorecard_v3.onnx", message: "The bytes differ from what was signed: sha256 a1b2c3d4e5f6 instead of 9f8e7d6c5b4a.", mend: "put back the file from a backup; its digest must be the one that was signed" },
		{ code: "file_missing", path: "statements/019a-7d3e-jonas.json", message: "A statement that a later one refers to is not there.", mend: "wait until the folder is synchronised, or ask Jonas Lindqvist to copy it again" },
	];
}

const none: RegistryView = { ...registry, attached: false, path: null, name: null, id: null, sentence: "No registry is attached yet. It is a folder that you share with others; approved models are published there.", models: [], people: [], verified: null, verified_at: null, self_test: [], may_admit: { allowed: false, why: "No registry is attached." }, may_publish: { allowed: false, why: "No registry is attached." }, trust: undefined };
let attached = true;
const show = () => (world.empty || !attached ? none : registry);

let jobs = 0;
/** Work that takes two steps and then does something. */
export function work(kind: Job["kind"], title: string, then: () => void): { job: string } {
	const id = `job_release_${++jobs}`;
	const job: Job = { id, kind, title, project: null, state: "running", done: 0, total: 48_120_882, unit: "bytes", detail: "model/scorecard_v4.onnx", created_at: before(0), ended_at: null, error: null };
	const step = Math.max(10, world.delay * 20);
	setTimeout(() => emit({ event: "job", job: { ...job, done: 20_120_882 } }), step / 2);
	setTimeout(() => {
		then();
		emit({ event: "job", job: { ...job, state: "done", done: 48_120_882, ended_at: new Date().toISOString() } });
		emit({ event: "stale", tags: ["registry"] });
	}, step);
	return { job: id };
}

const modelOf = (name: string) => {
	const found = registry.models.find((it) => it.name === name);
	if (!found) throw { code: "not_found", message: `There is no model ${name}.`, hints: [] };
	return found;
};

function overtake(model: string, alias: string): void {
	for (const it of modelOf(model).planned) if (it.alias === alias && it.ended === null) it.ended = "Amara Okonkwo decided otherwise about this alias before its time came.";
}

function move(model: string, alias: string, number: number | null, reason: string, kind: "promoted" | "rolled_back" | "removed"): RegistryView {
	const it = modelOf(model);
	for (const row of it.versions) {
		row.aliases = row.aliases.filter((other) => other !== alias);
		if (row.version === number) row.aliases.unshift(alias);
	}
	overtake(model, alias);
	it.alias_moves.unshift({ alias, version: number, kind, at: before(0), by: "Amara Okonkwo", reason });
	return registry;
}

export const handlers: Handlers = {
	registry_show: show,
	registry_create: ({ name, path }) => {
		world.empty = false;
		attached = true;
		registry.name = name;
		registry.path = path;
		return registry;
	},
	registry_attach: ({ owner }) => {
		if (owner !== null && !registry.people[0]?.card.key_id.startsWith(owner)) {
			throw { code: "verification_failed", message: "This registry was begun by the key 1a2b 3c4d, which is not the one that you named. It was not attached.", hints: ["Compare the fingerprint with the owner by voice."] };
		}
		world.empty = false;
		attached = true;
		return registry;
	},
	registry_detach: () => {
		attached = false;
		return none;
	},
	registry_join: () => registry,
	registry_freeze: ({ frozen, reason }) => {
		registry.frozen = frozen ? { name: "Amara Okonkwo", reason, at: before(0) } : undefined;
		return registry;
	},
	trust_endorse: () => {
		if (registry.trust) registry.trust = { ...registry.trust, version: registry.trust.version + 1, proposals: [] };
		return registry;
	},
	key_revoke: ({ key_id }) => {
		const found = registry.people.find((it) => it.card.key_id === key_id);
		if (found) found.revoked = true;
		return registry;
	},
	registry_verify: () => work("verify", `Verifying ${registry.name}`, verifyNow),
	registry_admit: ({ person: card, roles }) => {
		const old = registry.people.find((it) => it.card.id === card.id);
		if (old) old.roles = roles;
		else registry.people.push({ card, roles, fingerprint: card.key_id.slice(0, 32), revoked: false, is_local: false });
		return registry;
	},
	alias_set: ({ model, alias, version: number, reason, from }) => {
		if (from === undefined || number === null) return move(model, alias, number, reason, number === null ? "removed" : "promoted");
		overtake(model, alias);
		modelOf(model).planned.unshift({ alias, version: number, from, by: "Amara Okonkwo", reason, at: before(0), ended: null });
		return registry;
	},
	alias_call_off: ({ model, alias, reason }) => {
		for (const it of modelOf(model).planned) if (it.alias === alias && it.ended === null) it.ended = `Amara Okonkwo called it off: ${reason}`;
		return registry;
	},
	alias_roll_back: ({ model, alias, version: number, reason }) => move(model, alias, number, reason, "rolled_back"),
	version_withdraw: ({ model, version: number, reason }) => {
		const row = modelOf(model).versions.find((it) => it.version === number);
		if (row) row.withdrawn = reason;
		return registry;
	},
	version_destroy: ({ model, version: number }) => {
		const row = modelOf(model).versions.find((it) => it.version === number);
		if (row) row.destroyed = true;
		return registry;
	},
	trust_set: ({ policy, gates_text }) => {
		if (registry.trust) registry.trust = { ...registry.trust, version: registry.trust.version + 1, policy: policy ?? registry.trust.policy, gates_text: gates_text ?? registry.trust.gates_text };
		return registry;
	},
	consume_page: ({ model, version, alias }) => ({
		text: `# Python, straight from the folder; MLflow believes what it finds there, so verify first\nimport mlflow\nmlflow.set_registry_uri("file:///mnt/share/registry")\nmodel = mlflow.pyfunc.load_model("models:/${model}${alias ? `@${alias}` : `/${version}`}")\n\n# Command line: verifies, then copies\nproofmark registry fetch ${model}${alias ? `@${alias}` : `/${version}`} --to ./${model}\n`,
		manifests: `apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata:\n  name: ${model}\n`,
	}),
	dossier_save: ({ path }) => ({ path, size: 48_120 }),
	version_fetch: ({ model, version }) => work("copy", `Taking ${model} ${version} out`, () => undefined),
	registry_mirror: () => work("copy", "Copying Retail risk", () => undefined),
	registry_prune: ({ days }) => ({ leftovers: [], objects: [], bytes: 0, sentence: `There was nothing that nobody needs and that lay there for ${days} days.` }),
	version_consumers: ({ model, version }) => ({
		consumers: [{ kind: "logged" as const, name: "loan-service", place: `logs/predictions.jsonl in ${model}`, count: 41_200, last: before(30) }],
		sentence: `Of version ${version}, 1 caller stands in logs of predictions on this machine. Whoever took it out on another machine is not known here.`,
	}),
	key_back_up: ({ path }) => ({ path, size: 812 }),
};

if (typeof location !== "undefined" && location.search.includes("registry=damaged")) damage();
