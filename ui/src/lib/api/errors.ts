import type { ErrorBody } from "./generated/ErrorBody";

function isErrorBody(error: unknown): error is ErrorBody {
	return (
		typeof error === "object" && error !== null && "code" in error && "message" in error && typeof error.message === "string"
	);
}

/** Whatever was thrown, as the one form that the window shows. */
export function asErrorBody(error: unknown): ErrorBody {
	if (isErrorBody(error)) return { ...error, hints: Array.isArray(error.hints) ? error.hints : [] };
	const message = error instanceof Error ? error.message : typeof error === "string" ? error : "An unknown error happened.";
	return {
		code: "internal",
		message,
		hints: ["Nothing that was recorded is lost. Try again; if it happens again, copy the details and report them."],
	};
}

/** An error as text that a person can send to somebody. */
export function errorDetails(error: ErrorBody, doing?: string): string {
	return [
		doing ? `While: ${doing}` : null,
		`Code: ${error.code}`,
		`Message: ${error.message}`,
		...error.hints.map((hint) => `Hint: ${hint}`),
		`At: ${new Date().toISOString()}`,
	]
		.filter((line) => line !== null)
		.join("\n");
}
