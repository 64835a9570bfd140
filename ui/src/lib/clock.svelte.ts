import { createSubscriber } from "svelte/reactivity";

const subscribe = createSubscriber((update) => {
	const timer = setInterval(update, 30_000);
	return () => clearInterval(timer);
});

/** The time now in milliseconds; what reads it in a template is told twice a minute. */
export function now(): number {
	subscribe();
	return Date.now();
}
