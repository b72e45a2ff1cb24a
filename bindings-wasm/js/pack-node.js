// Entry `placewright/pack` for Node: the module is read from beside this file, at once.

import { readFileSync } from "node:fs";

import * as engine from "./pack-engine.js";
import { loader } from "./load.js";

loader(engine).initSync(() => readFileSync(new URL("./placewright_pack_bg.wasm", import.meta.url)));

export * from "./pack-api.js";
export { version } from "./version.js";
