// The words of the domain, as the window says them. A word is written once.
import type { ArtifactKind } from "$lib/api/generated/ArtifactKind";
import type { Basis } from "$lib/api/generated/Basis";
import type { Change } from "$lib/api/generated/Change";
import type { CandidateState } from "$lib/api/generated/CandidateState";
import type { CheckVerdict } from "$lib/api/generated/CheckVerdict";
import type { DriftVerdict } from "$lib/api/generated/DriftVerdict";
import type { GateVerdict } from "$lib/api/generated/GateVerdict";
import type { HeldFate } from "$lib/api/generated/HeldFate";
import type { JobState } from "$lib/api/generated/JobState";
import type { RegistryVerdict } from "$lib/api/generated/RegistryVerdict";
import type { RunSource } from "$lib/api/generated/RunSource";
import type { RunStatus } from "$lib/api/generated/RunStatus";
import type { SafetyVerdict } from "$lib/api/generated/SafetyVerdict";
import type { Tone } from "$lib/api/generated/Tone";
import type { WatchState } from "$lib/api/generated/WatchState";

/** A state: how it looks and how it reads. */
export type State = { tone: Tone; word: string };

export const kindWords: Record<ArtifactKind, { one: string; many: string }> = {
	dataset: { one: "Data set", many: "Data sets" },
	code: { one: "Code", many: "Code" },
	notebook: { one: "Notebook", many: "Notebooks" },
	model: { one: "Model", many: "Models" },
	config: { one: "Configuration", many: "Configuration" },
	environment: { one: "Environment", many: "Environments" },
	prediction_log: { one: "Prediction log", many: "Prediction logs" },
	metrics: { one: "Metrics", many: "Metrics" },
	document: { one: "Document", many: "Documents" },
	archive: { one: "Archive", many: "Archives" },
	other: { one: "Other", many: "Other" },
};

export const checkStates: Record<CheckVerdict, State> = {
	pass: { tone: "pass", word: "Passed" },
	warn: { tone: "attention", word: "Look at it" },
	fail: { tone: "fail", word: "Failed" },
};

export const driftStates: Record<DriftVerdict, State> = {
	no_drift: { tone: "pass", word: "No drift" },
	drift: { tone: "fail", word: "Drifted" },
	cannot_tell: { tone: "unknown", word: "Cannot tell" },
};

export const gateStates: Record<GateVerdict, State> = {
	pass: { tone: "pass", word: "Passed" },
	warn: { tone: "attention", word: "Look at it" },
	cannot_tell: { tone: "unknown", word: "Cannot tell" },
	fail: { tone: "fail", word: "Failed" },
};

export const safetyStates: Record<SafetyVerdict, State> = {
	safe: { tone: "pass", word: "Safe to load" },
	dangerous: { tone: "fail", word: "Dangerous" },
	unverified: { tone: "unknown", word: "Not verified" },
};

export const registryStates: Record<RegistryVerdict, State> = {
	ok: { tone: "pass", word: "Verified" },
	incomplete: { tone: "attention", word: "Incomplete" },
	untrusted: { tone: "fail", word: "Not trusted" },
	damaged: { tone: "fail", word: "Damaged" },
};

export const candidateStates: Record<CandidateState, State> = {
	waiting: { tone: "attention", word: "Waits for a decision" },
	approved: { tone: "pass", word: "Approved" },
	rejected: { tone: "fail", word: "Rejected" },
	published: { tone: "pass", word: "Published" },
};

export const runStates: Record<RunStatus, State> = {
	running: { tone: "unknown", word: "Running" },
	finished: { tone: "pass", word: "Finished" },
	failed: { tone: "fail", word: "Failed" },
	killed: { tone: "fail", word: "Killed" },
	scheduled: { tone: "unknown", word: "Not begun" },
	unknown: { tone: "unknown", word: "Unknown" },
};

export const heldFates: Record<HeldFate, State> = {
	refused: { tone: "pass", word: "Was refused" },
	allowed: { tone: "attention", word: "Was read, as somebody said" },
	not_stopped: { tone: "fail", word: "Was read all the same" },
};

export const runSources: Record<RunSource, string> = {
	recorded: "Recorded",
	inferred: "Inferred",
	mlflow: "MLflow",
	dvc: "DVC",
};

export const watchStates: Record<WatchState, State> = {
	watching: { tone: "pass", word: "Watching" },
	polling: { tone: "pass", word: "Polling" },
	paused: { tone: "unknown", word: "Paused" },
	unreachable: { tone: "fail", word: "Unreachable" },
	idle: { tone: "unknown", word: "Not watched" },
};

export const jobStates: Record<JobState, State> = {
	queued: { tone: "unknown", word: "Queued" },
	running: { tone: "unknown", word: "Running" },
	done: { tone: "pass", word: "Done" },
	failed: { tone: "fail", word: "Failed" },
	cancelled: { tone: "unknown", word: "Cancelled" },
	interrupted: { tone: "attention", word: "Interrupted" },
};

export const basisWords: Record<Basis, { word: string; meaning: string }> = {
	declared: { word: "Declared", meaning: "a tool's own record says so" },
	observed: { word: "Observed", meaning: "seen while it ran" },
	matched: { word: "Matched", meaning: "the bytes are the same" },
	inferred: { word: "Inferred", meaning: "concluded from code, time or name: a guess, not a record" },
};

export const changeWords: Record<Change, string> = {
	added: "Added",
	changed: "Changed",
	moved: "Moved",
	deleted: "Deleted",
};
