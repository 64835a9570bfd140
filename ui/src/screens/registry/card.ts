// A person's card as somebody else copied it: read, and checked as far as a window can.
import type { PersonCard } from "$lib/api/generated/PersonCard";

/** What was read from a pasted text. */
export type ReadCard = { card: PersonCard; problem: null } | { card: null; problem: string };

/** The first 32 digits of a key id in groups of four, for comparing by voice. The engine shows the same form. */
export function fingerprintOf(keyId: string): string {
	return (keyId.slice(0, 32).match(/.{1,4}/g) ?? []).join(" ");
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Reads a pasted card. It may stand inside other text, as a mail leaves it. */
export function readCard(text: string): ReadCard {
	const no = (problem: string): ReadCard => ({ card: null, problem });
	if (text.includes("PRIVATE KEY")) {
		return no("This holds a private key, which must never leave its owner's machine. Do not keep it; ask for the card instead, and tell them that the key is no longer secret.");
	}
	const from = text.indexOf("{");
	const until = text.lastIndexOf("}");
	if (from < 0 || until < from) return no("This is no person card. The other person copies theirs under Settings, People, “Copy my card”.");
	let value: unknown;
	try {
		value = JSON.parse(text.slice(from, until + 1));
	} catch {
		return no("The card cannot be read: a part of it is missing, or quotation marks were changed on the way. Ask for it as plain text.");
	}
	if (typeof value !== "object" || value === null) return no("This is no person card.");
	const { id, name, contact, public_key, key_id } = value as Record<string, unknown>;
	if (!isText(id) || !id.startsWith("per_") || !isText(name) || !isText(public_key) || !isText(key_id)) {
		return no("This is no person card: it has no person, name, public key and key id.");
	}
	if (!/^[0-9a-f]{64}$/.test(key_id)) return no("The card's key id is not 64 hexadecimal digits.");
	if (!public_key.includes("-----BEGIN PUBLIC KEY-----")) return no("The card's public key is not in PEM form.");
	return { card: { id, name, contact: isText(contact) ? contact : null, public_key, key_id }, problem: null };
}

/** Whether the key id belongs to the key; `null` if it does, or if this window cannot compute it. The engine checks again. */
export async function keyProblem(card: PersonCard): Promise<string | null> {
	const subtle = globalThis.crypto?.subtle;
	if (!subtle) return null;
	const hash = await subtle.digest("SHA-256", new TextEncoder().encode(card.public_key));
	const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
	return hex === card.key_id ? null : "The card's key id is not that of its key: the card was changed on the way. Do not admit it; ask for it again.";
}
