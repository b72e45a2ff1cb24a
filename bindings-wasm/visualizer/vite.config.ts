import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** Lets the first module load while the scripts do, rather than after them. The second one is fetched after the first view. */
const preload: Plugin = {
  name: "preload-module",
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }) =>
      Object.keys(bundle ?? {})
        .filter((name) => name.endsWith(".wasm") && !name.includes("pack_bg"))
        .map((name) => ({
          tag: "link",
          attrs: { rel: "preload", as: "fetch", type: "application/wasm", crossorigin: "", href: `./${name}` },
          injectTo: "head",
        })),
  },
};

export default defineConfig({
  // Relative addresses: the page may be put below any path.
  base: "./",
  plugins: [preload],
  resolve: { alias: { "placewright/web": fileURLToPath(new URL("../pkg/web.js", import.meta.url)) } },
  server: { fs: { allow: ["../.."] } },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // The module is a file of its own, so that it is compiled while it loads.
    assetsInlineLimit: (name) => (name.endsWith(".wasm") ? false : undefined),
  },
});
