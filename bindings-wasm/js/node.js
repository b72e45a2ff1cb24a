// Entry for Node: the module is read from beside this file, at once.

import { readFileSync } from "node:fs";

import { start } from "./engine.js";

start(readFileSync(new URL("./placewright_bg.wasm", import.meta.url)));

export * from "./api.js";
export { version } from "./version.js";
