// Entry `placewright/pack` for Node: the module is read from beside this file, at once.

import { readFileSync } from "node:fs";

import { start } from "./pack-engine.js";

start(readFileSync(new URL("./placewright_pack_bg.wasm", import.meta.url)));

export * from "./pack-api.js";
export { version } from "./version.js";
