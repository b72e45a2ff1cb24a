// Entry for pages without a bundler, and for those who want to say when the module is loaded.

import { isReady, start } from "./engine.js";

export * from "./api.js";
export { version } from "./version.js";

let loading;

/**
 * Loads the module: from `source`, or from beside this file. Twice is no error; after a failure it can be tried again.
 */
export function init(source = new URL("./placewright_bg.wasm", import.meta.url)) {
  if (isReady()) return Promise.resolve();
  loading ??= load(source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** The same from bytes or a compiled module, at once. Browsers refuse that on the main thread for large modules. */
export function initSync(module) {
  if (!isReady()) start(module);
}

async function load(source) {
  const given = await source;
  if (given instanceof WebAssembly.Module || given instanceof ArrayBuffer || ArrayBuffer.isView(given)) {
    start(given instanceof WebAssembly.Module ? given : await WebAssembly.compile(given));
    return;
  }
  const response = given instanceof Response ? given : await fetch(given);
  if (!response.ok) throw new Error(`loading ${response.url} failed: ${response.status} ${response.statusText}`);
  const isStreamable = response.headers.get("Content-Type")?.startsWith("application/wasm") === true;
  start(isStreamable ? await WebAssembly.compileStreaming(response) : await WebAssembly.compile(await response.arrayBuffer()));
}
