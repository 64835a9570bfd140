import { query } from "$lib/api/query.svelte";
import type { LocalPerson } from "$lib/api/generated/LocalPerson";
import type { ErrorBody } from "$lib/api/generated/ErrorBody";

/** Who signs now, and the passphrase that opens the file of their key where no keychain keeps it. */
export class Signer {
	#status = query("status", () => ({}));
	/** What was typed. Never kept longer than the dialog. */
	passphrase = $state("");
	/** Why the last passphrase was refused. */
	refused = $state<string | null>(null);
	/** Whether the keychain did not give the passphrase, so that it has to be typed all the same. */
	#typing = $state(false);

	/** The person who acts. */
	get me(): LocalPerson | null {
		return this.#status.data?.me ?? null;
	}

	/** Whether their passphrase has to be typed. */
	get locked(): boolean {
		return this.me !== null && (this.#typing || this.me.storage === "encrypted_file");
	}

	/** Why nothing can be signed yet. */
	get blocked(): string | null {
		if (this.#status.data === undefined) return "Looking for your key.";
		if (this.me === null) return "You have no key yet. Create one under Settings, People.";
		if (this.locked && this.passphrase === "") return "Type the passphrase of your key.";
		return null;
	}

	/** What goes with a request. */
	get secret(): string | null {
		return this.locked ? this.passphrase : null;
	}

	/** Forgets what was typed. */
	clear(): void {
		this.passphrase = "";
		this.refused = null;
		this.#typing = false;
	}

	/** Takes in an error: a refused passphrase belongs beside its field. Says whether it was one. */
	took(error: ErrorBody): boolean {
		this.refused = error.code === "wrong_passphrase" ? error.message : null;
		if (this.refused !== null) this.#typing = true;
		return this.refused !== null;
	}
}
