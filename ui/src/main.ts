import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "$lib/ui/tokens.css";
import { mount } from "svelte";
import { router } from "$lib/router.svelte";
import { startTheme } from "$lib/theme";
import App from "./App.svelte";
import { routes } from "./screens";

startTheme();
router.start();

const target = document.getElementById("app");
if (target === null) throw new Error("The page has no place for the window.");
mount(App, { target, props: { routes } });
