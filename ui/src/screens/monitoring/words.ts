// How the states of a model in use are called.
import type { AlertKind } from "$lib/api/generated/AlertKind";
import type { AlertResponse } from "$lib/api/generated/AlertResponse";
import type { Assumption } from "$lib/api/generated/Assumption";
import type { HealthState } from "$lib/api/generated/HealthState";
import type { LogRole } from "$lib/api/generated/LogRole";
import type { MonitorWindow } from "$lib/api/generated/MonitorWindow";
import type { Retrain } from "$lib/api/generated/Retrain";
import type { Tone } from "$lib/api/generated/Tone";
import type { WindowKind } from "$lib/api/generated/WindowKind";
import { locale, moment, number } from "$lib/format";

export const healthStates: Record<HealthState, { tone: Tone; word: string }> = {
	good: { tone: "pass", word: "Good" },
	watch: { tone: "attention", word: "Look at this" },
	bad: { tone: "fail", word: "Bad" },
	unknown: { tone: "unknown", word: "Not known" },
};

export const alertWords: Record<AlertKind, string> = {
	performance: "Predictions became worse",
	estimated_performance: "Predictions are thought to have become worse",
	errors: "Requests fail",
	quality: "Inputs are missing or damaged",
	scores: "Scores are no probabilities",
	inputs: "Inputs changed",
	together: "Inputs hang together otherwise",
	outputs: "Answers changed",
	confidence: "The model is less sure",
	skew: "Served otherwise than trained",
	silence: "Nobody asked",
	latency: "Answers take longer",
};

/** What was answered to an alert, as the begin of a sentence. */
export function answerWords(answer: AlertResponse): string {
	if (answer.state === "acknowledged") return "Acknowledged";
	if (answer.state === "snoozed") return "Put off";
	return answer.learned ? "Expected at this time of the year, as learned from an earlier answer" : "Called seasonal";
}

export const retrainStates: Record<Retrain, { tone: Tone; word: string }> = {
	advised: { tone: "fail", word: "Train anew" },
	consider: { tone: "attention", word: "Consider it" },
	mend_first: { tone: "attention", word: "Mend the inputs first" },
	not_needed: { tone: "pass", word: "Not needed" },
	cannot_tell: { tone: "unknown", word: "Cannot tell" },
};

export const assumptionStates: Record<Assumption, { tone: Tone; word: string }> = {
	holds: { tone: "pass", word: "holds" },
	unknown: { tone: "unknown", word: "not known" },
	fails: { tone: "fail", word: "fails" },
};

export const metricWords: Record<string, string> = {
	accuracy: "Accuracy",
	precision: "Precision",
	recall: "Recall",
	f1: "F1",
	roc_auc: "AUC",
	brier: "Brier score",
	mae: "Mean absolute error",
	rmse: "Root mean square error",
	bias: "Bias",
};

const dayOf = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
const monthOf = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" });

/** The name of a window: the day, week or month, which the engine cuts by UTC; else its begin, else its place. */
export function windowName(window: MonitorWindow, at: number, kind: WindowKind | undefined): string {
	if (window.start === null) return `Window ${at + 1}`;
	const start = Date.parse(window.start);
	if (kind === "day") return dayOf.format(start);
	if (kind === "week") return `Week of ${dayOf.format(start)}`;
	if (kind === "month") return monthOf.format(start);
	return moment(window.start);
}

/** A number with its interval. */
export function withInterval(value: number | null | undefined, interval: readonly [number, number] | null | undefined): string {
	if (value === null || value === undefined) return "–";
	return interval ? `${number(value, 3)} (${number(interval[0], 3)} to ${number(interval[1], 3)})` : number(value, 3);
}

/** What a column of a log can stand for. */
export const roleWords: Record<LogRole, string> = {
	id: "identifier of the prediction",
	time: "time",
	model: "model",
	version: "version of the model",
	caller: "who asked",
	latency: "how long it took",
	status: "status of the answer",
	error: "what went wrong",
	prediction: "what the model answered",
	score: "probability of a class",
	label: "what turned out to be true",
	input: "what the model was asked",
	ignored: "none of these",
};
