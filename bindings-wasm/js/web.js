// Entry for pages without a bundler, and for those who want to say when the module is loaded.

import * as engine from "./engine.js";
import { loader } from "./load.js";

export * from "./api.js";
export { version } from "./version.js";

export const { init, initSync } = loader(engine, new URL("./placewright_bg.wasm", import.meta.url));
