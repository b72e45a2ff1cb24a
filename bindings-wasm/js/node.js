// Entry for Node: the module is read from beside this file, at once.

import { readFileSync } from "node:fs";

import { isReady, isWhole, join, start } from "./engine.js";

const read = (file) => readFileSync(new URL(file, import.meta.url));

// Where `placewright/lean` came before, its first half is in use.
if (!isReady()) start(read("./placewright_bg.wasm"));
else if (!isWhole()) join(read("./placewright_edge_bg.wasm"));

export * from "./api.js";
export { version } from "./version.js";
