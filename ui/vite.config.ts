import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The policy that the shell sets. Serving with it shows at once what a release would refuse. */
const policy =
	"default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'";

export default defineConfig(({ mode }) => {
	// Without a shell there is no engine: a browser and the tests talk to invented data instead. It never enters the product.
	const invented = mode === "mock" || mode === "test";
	return {
		plugins: [svelte()],
		base: "./",
		clearScreen: false,
		resolve: {
			alias: {
				$lib: at("./src/lib"),
				"#host": invented ? at("./tests/mock/host.ts") : at("./src/lib/api/host.ts"),
			},
			...(mode === "test" ? { conditions: ["browser"] } : {}),
		},
		server: { port: 5183, strictPort: true },
		preview: { port: 5184, strictPort: true, headers: { "content-security-policy": policy } },
		build: {
			target: "safari16",
			outDir: mode === "mock" ? "dist-mock" : "dist",
			emptyOutDir: true,
			sourcemap: false,
			// Fonts and icons stay files: a policy without `data:` for fonts refuses inlined ones.
			assetsInlineLimit: 0,
			modulePreload: { polyfill: false },
		},
		test: {
			environment: "happy-dom",
			include: ["tests/**/*.test.ts"],
			setupFiles: ["tests/setup.ts"],
			testTimeout: 20000,
			// The contrast of the tokens is measured on the file itself.
			css: true,
		},
	};
});
