import type { Place } from "./model";
import type { ToPlace } from "./place";

/** Milliseconds after which a worker that says nothing is given up. */
const PATIENCE = 8000;

type Answer = { turn: number; places: [string, Place][] };

/** Places cards beside the window's own thread, so that a large graph does not hold it up. */
export class Placing {
	#worker: Worker | null = null;
	#broken = false;
	#turn = 0;

	/** The middle of each card. Falls back to the window's own thread where a worker may not start. */
	async place(what: ToPlace): Promise<Map<string, Place>> {
		const plain: ToPlace = { cards: [...what.cards], lines: what.lines.map(([from, to]) => [from, to] as const) };
		if (!this.#broken && typeof Worker !== "undefined") {
			try {
				return new Map(await this.#ask(plain));
			} catch {
				// Some web views refuse workers of the application's own scheme. The result is the same, only slower.
				this.#broken = true;
				this.stop();
			}
		}
		const { place } = await import("./place");
		return new Map(place(plain));
	}

	#ask(what: ToPlace): Promise<[string, Place][]> {
		this.#worker ??= new Worker(new URL("./place.worker.ts", import.meta.url), { type: "module" });
		const worker = this.#worker;
		const turn = ++this.#turn;
		return new Promise((resolve, reject) => {
			const end = (work: () => void) => {
				clearTimeout(timer);
				worker.removeEventListener("message", message);
				worker.removeEventListener("error", failed);
				work();
			};
			const message = (event: MessageEvent<Answer>) => {
				if (event.data.turn === turn) end(() => resolve(event.data.places));
			};
			const failed = (event: ErrorEvent) => end(() => reject(new Error(event.message || "The worker did not start.")));
			const timer = setTimeout(() => end(() => reject(new Error("The worker does not answer."))), PATIENCE);
			worker.addEventListener("message", message);
			worker.addEventListener("error", failed);
			worker.postMessage({ turn, what });
		});
	}

	/** Lets the worker go. */
	stop(): void {
		this.#worker?.terminate();
		this.#worker = null;
	}
}
