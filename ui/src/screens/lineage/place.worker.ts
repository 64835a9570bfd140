import { place, type ToPlace } from "./place";

addEventListener("message", (event: MessageEvent<{ turn: number; what: ToPlace }>) => {
	postMessage({ turn: event.data.turn, places: place(event.data.what) });
});
