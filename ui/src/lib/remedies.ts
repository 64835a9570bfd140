// What a person can do about a sort of error. The only place in the window that tells the codes apart by what comes next.
import type { ErrorCode } from "$lib/api/generated/ErrorCode";
import { to } from "$lib/addresses";

/** A way out: the words on its button, and where it leads. */
export type Remedy = { title: string; address: string };

const remedies: Partial<Record<ErrorCode, Remedy>> = {
	no_identity: { title: "Create your key", address: to.settings() },
	no_registry: { title: "Attach a registry", address: to.registry() },
	registry_unavailable: { title: "Look at the registry", address: to.registry() },
	ledger_damaged: { title: "See where it lies", address: to.settings() },
	ledger_newer: { title: "See the versions", address: to.settings() },
};

/** The way out of a sort of error, if the window has one. */
export function remedyOf(code: ErrorCode): Remedy | undefined {
	return remedies[code];
}
