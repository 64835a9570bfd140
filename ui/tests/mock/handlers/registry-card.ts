import { before, type Handlers } from "../world";

export const handlers: Handlers = {
	registry_show: () => ({
		attached: true, path: "/srv/shared/model-registry", name: "Retail risk registry", id: "reg_01930a6e-0000-7000-8000-000000000001", problem: null,
		sentence: "2 models in 5 versions; verified 34 days ago, when every byte was as it was signed.",
		models: [], people: [], verified: null, verified_at: before(60 * 24 * 34), self_test: [], may_admit: { allowed: true, why: null }, may_publish: { allowed: true, why: null },
	}),
};
