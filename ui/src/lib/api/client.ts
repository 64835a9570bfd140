import { host } from "#host";
import { Cache } from "./cache.svelte";
import { tagsOf } from "./generated/commands";
import type { Answer, Command, Request } from "./types";

export type { Answer, Command, Request } from "./types";
export { host };

/** Every command as a function. For what a person does; what is looked at comes from `query`. */
export type Api = { [C in Command]: (request: Request<C>) => Promise<Answer<C>> };

const names = Object.keys(tagsOf) as Command[];

/** `await api.project_rename({ project, name })`. Rejects with an `ErrorBody`. */
export const api = Object.fromEntries(
	names.map((name) => [name, (request: Request<typeof name>) => host.call(name, request)]),
) as unknown as Api;

/** The answers that the window holds. */
export const cache = new Cache(host);
