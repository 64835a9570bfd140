import type { Component } from "svelte";

/** What a screen receives. `rest` is the decoded remainder of a `*rest` pattern. */
export type ScreenProps = { params: Record<string, string>; query: URLSearchParams };

/** A screen. One that does not depend on its address takes no properties. */
export type Screen = Component<ScreenProps> | Component<Record<string, never>>;

/** One address of the window. */
export interface Route {
	/** Such as `/projects/:project/:tab?` or `/data/:project/*path`. */
	pattern: string;
	/** The screen, fetched when it is first needed. */
	load: () => Promise<{ default: Screen }>;
	/** Words for the title of the OS window. */
	title: string;
	/** The entry of the navigation that is lit, such as `/projects`. */
	nav: string;
	/** Addresses with equal keys share one instance of the screen; the whole path by default. */
	key?: (params: Record<string, string>) => string;
}

/** A route with what its address says. */
export interface Match {
	route: Route;
	params: Record<string, string>;
	query: URLSearchParams;
	/** The address itself, without `#`. */
	address: string;
}

/** Splits an address into path and query. */
function split(address: string): { path: string; query: URLSearchParams } {
	const at = address.indexOf("?");
	return at < 0
		? { path: address, query: new URLSearchParams() }
		: { path: address.slice(0, at), query: new URLSearchParams(address.slice(at + 1)) };
}

function decode(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}

/** Reads a path by a pattern; `null` if it does not fit. */
export function matchPattern(pattern: string, path: string): Record<string, string> | null {
	const want = pattern.split("/").filter((part) => part !== "");
	const have = path.split("/").filter((part) => part !== "");
	const params: Record<string, string> = {};
	for (const [i, part] of want.entries()) {
		if (part.startsWith("*")) {
			if (have.length <= i) return null;
			params[part.slice(1)] = have.slice(i).map(decode).join("/");
			return params;
		}
		const given = have[i];
		if (part.startsWith(":")) {
			const optional = part.endsWith("?");
			if (given === undefined) {
				if (optional) continue;
				return null;
			}
			params[part.slice(1, optional ? -1 : undefined)] = decode(given);
		} else if (given !== part) return null;
	}
	return have.length <= want.length ? params : null;
}

/** Finds the first route that fits. */
export function matchRoute(routes: readonly Route[], address: string): Match | null {
	const { path, query } = split(address);
	for (const route of routes) {
		const params = matchPattern(route.pattern, path);
		if (params !== null) return { route, params, query, address };
	}
	return null;
}

/** Encodes a path of a file for an address; its slashes stay. */
export function encodePath(path: string): string {
	return path.split("/").map(encodeURIComponent).join("/");
}

/** An address from parts that are encoded, with a query of what is not empty. */
export function addressOf(parts: string[], query: Record<string, string | null | undefined> = {}): string {
	const asked = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined && value !== "") asked.set(name, value);
	const text = asked.toString();
	return `/${parts.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

const LAST = "proofmark.address";

function fromHash(): string {
	return location.hash.replace(/^#/, "");
}

/** Where the window is. The hash is the only truth, so that back, forward and links are the browser's own. */
class Router {
	/** The address, without `#`. */
	address = $state("/overview");
	/** Depth in the history of this session, so that Esc never leaves the window. */
	#depth = 0;

	/** Begins: opens the address of the hash, else the last one of the session before. */
	start(): void {
		const known = fromHash() || localStorage.getItem(LAST) || "/overview";
		this.address = known;
		if (!fromHash()) history.replaceState({ depth: 0 }, "", `#${known}`);
		addEventListener("hashchange", () => this.#follow());
		addEventListener("popstate", () => this.#follow());
	}

	#follow(): void {
		const state: unknown = history.state;
		const depth = typeof state === "object" && state !== null && "depth" in state && typeof state.depth === "number" ? state.depth : null;
		if (depth === null) {
			// A plain link was followed: the entry is new.
			this.#depth += 1;
			history.replaceState({ depth: this.#depth }, "");
		} else this.#depth = depth;
		this.#set(fromHash() || "/overview");
	}

	#set(address: string): void {
		this.address = address;
		localStorage.setItem(LAST, address);
	}

	/** Opens an address. */
	go(address: string): void {
		if (address === this.address) return;
		this.#depth += 1;
		history.pushState({ depth: this.#depth }, "", `#${address}`);
		this.#set(address);
	}

	/** Changes the address without a step in the history: for filters and selections that a link should carry. */
	replace(address: string): void {
		if (address === this.address) return;
		history.replaceState({ depth: this.#depth }, "", `#${address}`);
		this.#set(address);
	}

	/** Goes back, to `otherwise` if there is nowhere to go back to. */
	back(otherwise = "/overview"): void {
		if (this.#depth > 0) history.back();
		else if (this.address !== otherwise) this.replace(otherwise);
	}
}

/** The router of this window. */
export const router = new Router();
