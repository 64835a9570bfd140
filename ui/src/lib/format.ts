// Numbers, sizes and times as a person reads them. Exports never go through here.
const units = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** The locale to write numbers in. That of a machine without one (`LANG=C`) writes a million without a mark: there, the window's own language. */
export function readable(locale: string): string {
	return /-posix\b/i.test(locale) ? "en" : locale;
}

/** The locale of this window. */
export const locale = readable(new Intl.NumberFormat().resolvedOptions().locale);
const whole = new Intl.NumberFormat(locale);
const plural = new Intl.PluralRules("en");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
const absolute = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

/** `41203` as `41,203`. */
export function count(value: number): string {
	return whole.format(value);
}

/** The text with a capital letter at its beginning, as a label stands. */
export function sentenceCase(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A clause of the engine as a sentence of its own: with a capital letter and a full stop. */
export function asSentence(text: string): string {
	return `${sentenceCase(text)}${/[.!?…:]$/.test(text) ? "" : "."}`;
}

/** `3 files`; `one` is the singular, `many` its plural. */
export function counted(value: number, one: string, many = `${one}s`): string {
	return `${count(value)} ${plural.select(value) === "one" ? one : many}`;
}

/** A measured number with enough digits to tell it from its neighbours. */
export function number(value: number | null | undefined, digits = 4): string {
	if (value === null || value === undefined) return "–";
	if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
	if (Number.isInteger(value) && Math.abs(value) < 1e15) return whole.format(value);
	const size = Math.abs(value);
	if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(digits - 1).replace("-", "−").replace(/e\+?/, " × 10^");
	return new Intl.NumberFormat(locale, { maximumSignificantDigits: Math.max(digits, Math.floor(Math.log10(size || 1)) + 1) }).format(value);
}

/** A share of one as per cent. */
export function percent(value: number | null | undefined): string {
	if (value === null || value === undefined) return "–";
	const digits = value > 0 && value < 0.01 ? 2 : value < 0.1 ? 1 : 0;
	return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: digits }).format(value);
}

/** Bytes in decimal units. */
export function bytes(value: number | null | undefined): string {
	if (value === null || value === undefined) return "–";
	let rest = value;
	let unit = 0;
	while (rest >= 999.5 && unit < units.length - 1) {
		rest /= 1000;
		unit += 1;
	}
	const digits = unit === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
	return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(rest)} ${units[unit]}`;
}

/** Seconds as a span: `3 min 12 s`. */
export function duration(seconds: number | null | undefined): string {
	if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
	if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
	if (seconds < 60) return `${number(Math.round(seconds * 10) / 10, 3)} s`;
	const s = Math.round(seconds);
	if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
	if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
	return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** Seconds between two times, if both are known. */
export function between(from: string | null, until: string | null): number | null {
	if (from === null || until === null) return null;
	const span = (Date.parse(until) - Date.parse(from)) / 1000;
	return Number.isFinite(span) && span >= 0 ? span : null;
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
	["year", 31_556_952],
	["month", 2_629_746],
	["week", 604_800],
	["day", 86_400],
	["hour", 3600],
	["minute", 60],
];

/** A time as seen from `now` (milliseconds). */
export function ago(at: string, now: number): string {
	const then = Date.parse(at);
	if (Number.isNaN(then)) return at;
	const seconds = (then - now) / 1000;
	if (Math.abs(seconds) < 45) return "just now";
	for (const [unit, size] of steps) {
		if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
	}
	return relative.format(Math.round(seconds / 60), "minute");
}

/** A time in full, in the person's own zone. */
export function moment(at: string): string {
	const then = Date.parse(at);
	return Number.isNaN(then) ? at : absolute.format(then);
}

/** `sha256:1234…` as its first 12 digits. */
export function shortDigest(digest: string): string {
	return digest.replace(/^[a-z0-9]+:/, "").slice(0, 12);
}

/** Any JSON value on one line. */
export function value(it: unknown): string {
	if (it === null || it === undefined) return "–";
	if (typeof it === "number") return number(it, 6);
	if (typeof it === "string") return it;
	return JSON.stringify(it);
}

/** The last part of a path. */
export function baseName(path: string): string {
	return path.slice(path.lastIndexOf("/") + 1);
}

/** The folder of a path, with its slash; empty at the root. */
export function folderOf(path: string): string {
	return path.slice(0, path.lastIndexOf("/") + 1);
}
