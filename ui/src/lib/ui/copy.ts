import { host } from "$lib/api/client";
import { toasts } from "$lib/toasts.svelte";

/** Puts text on the clipboard. Falls back to a selection where the window may not write there directly. */
export async function copyText(text: string): Promise<void> {
	try {
		await navigator.clipboard.writeText(text);
		return;
	} catch {
		// WebKitGTK refuses without a recent gesture; the older way still works.
	}
	const area = document.createElement("textarea");
	area.value = text;
	area.className = "sr-only";
	document.body.append(area);
	area.select();
	const copied = document.execCommand("copy");
	area.remove();
	if (!copied) throw new Error("The clipboard refused the text.");
}

/** A table as CSV (RFC 4180). Text that a spreadsheet would run as a formula is defused with a quote. */
export function toCsv(head: readonly string[], rows: Iterable<readonly (string | number | boolean | null)[]>): string {
	const cell = (value: string | number | boolean | null) => {
		if (value === null) return "";
		if (typeof value !== "string") return String(value);
		const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
		return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
	};
	const lines = [head.map(cell).join(",")];
	for (const row of rows) lines.push(row.map(cell).join(","));
	return `${lines.join("\r\n")}\r\n`;
}

/** Keeps a file that was made in the window, where the person chooses. Nothing happens if they choose nothing. */
export async function download(name: string, type: string, content: string | Blob): Promise<void> {
	const blob = content instanceof Blob ? content : new Blob([content], { type });
	const path = await host.saveFile(name, new Uint8Array(await blob.arrayBuffer()));
	if (path !== null) toasts.done(`Saved as ${path}.`);
}
