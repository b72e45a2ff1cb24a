// Entry for pages without a bundler, and for those who want to say when the module is loaded.

import { isWhole, start } from "./engine.js";
import { loader } from "./load.js";

export * from "./api.js";
export { version } from "./version.js";

export const { init, initSync } = loader({ isReady: isWhole, start }, new URL("./placewright_bg.wasm", import.meta.url));
