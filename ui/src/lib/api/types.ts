import type { EngineEvent } from "./generated/EngineEvent";
import type { Commands } from "./generated/commands";

/** The name of a command. */
export type Command = keyof Commands;
/** What a command takes. */
export type Request<C extends Command> = Commands[C]["request"];
/** What a command gives. */
export type Answer<C extends Command> = Commands[C]["answer"];

/** Stops listening. */
export type Unlisten = () => void;

/**
 * The shell around the window. There is one implementation for the desktop and one, invented, for tests and browsers; nothing
 * else in the window knows which one it talks to.
 */
export interface Host {
	/** Asks the engine. Rejects with an `ErrorBody`. */
	call<C extends Command>(command: C, request: Request<C>): Promise<Answer<C>>;
	/** Listens to what the engine tells without being asked. */
	onEvent(listener: (event: EngineEvent) => void): Promise<Unlisten>;
	/** Lets a person choose a folder; `null` if they did not. */
	pickFolder(title: string): Promise<string | null>;
	/** Lets a person choose a file; `null` if they did not. */
	pickFile(title: string): Promise<string | null>;
	/** Lets a person choose where to write; `null` if they did not. */
	savePath(title: string, suggestion: string): Promise<string | null>;
	/** Lets a person choose where to keep something that the window made, and writes it there; `null` if they did not. */
	saveFile(name: string, contents: Uint8Array): Promise<string | null>;
	/** Listens to files and folders that are dragged over the window and dropped on it. */
	onDrop(listener: (drop: Drop) => void): Promise<Unlisten>;
	/** Sets the title of the window. */
	setTitle(title: string): Promise<void>;
	/** Tells the shell that there is something to see: the window is created hidden. */
	ready(): Promise<void>;
}

/** A drag over the window, or its end. */
export type Drop = { phase: "over" } | { phase: "left" } | { phase: "dropped"; paths: string[] };
