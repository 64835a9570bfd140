import type { Theme } from "$lib/api/generated/Theme";

const dark = () => matchMedia("(prefers-color-scheme: dark)");
let chosen: Theme = "system";

function isTheme(text: string | null): text is Theme {
	return text === "system" || text === "light" || text === "dark";
}

function paint(): void {
	document.documentElement.dataset.theme = chosen === "system" ? (dark().matches ? "dark" : "light") : chosen;
}

/** Paints the window at once by what was chosen last, before the engine has answered. */
export function startTheme(): void {
	const stored = localStorage.getItem("proofmark.theme");
	chosen = isTheme(stored) ? stored : "system";
	dark().addEventListener("change", paint);
	paint();
}

/** Paints the window by what a person chose. */
export function setTheme(theme: Theme): void {
	chosen = theme;
	localStorage.setItem("proofmark.theme", theme);
	paint();
}
