// Entry for Node: the first half of the module is read from beside this file at once, the second when it is asked for.

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

import { isReady, isWhole, join, startFirst } from "./engine.js";
import { loader } from "./load.js";

export * from "./api.js";
export { version } from "./version.js";

/** As in a page: here the first half is there. */
export const { init, initSync } = loader({ isReady, start: startFirst });

initSync(() => readFileSync(new URL("./placewright_lean_bg.wasm", import.meta.url)));

const edge = loader({ isReady: isWhole, start: join });

/** Loads the second half. */
export function loadEdge(source = undefined) {
  return edge.init(source ?? (() => readFile(new URL("./placewright_edge_bg.wasm", import.meta.url))));
}

/** Whether every call can be made. */
export const hasEdge = isWhole;
