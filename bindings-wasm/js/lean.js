// Entry for pages that place in bulk: the first half of the module. The second, with all other calls, is loaded when it is asked for.

import { isReady, isWhole, join, startFirst } from "./engine.js";
import { loader } from "./load.js";

export * from "./api.js";
export { version } from "./version.js";

export const { init, initSync } = loader({ isReady, start: startFirst }, new URL("./placewright_lean_bg.wasm", import.meta.url));

/** Loads the second half. */
export const { init: loadEdge } = loader({ isReady: isWhole, start: join }, new URL("./placewright_edge_bg.wasm", import.meta.url));

/** Whether every call can be made. */
export const hasEdge = isWhole;
