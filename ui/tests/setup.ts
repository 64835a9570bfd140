// What the invented browser of the tests lacks.
import { afterEach, vi } from "vitest";
import { cleanup } from "@testing-library/svelte";

afterEach(() => {
	cleanup();
	localStorage.clear();
});

// Nothing is laid out here; lists are told a height, so that they draw some rows.
Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 600 });
Element.prototype.scrollIntoView ??= vi.fn();
