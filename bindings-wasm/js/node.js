// Entry for Node: the module is read from beside this file, at once.

import { readFileSync } from "node:fs";

import { isReady, isWhole, join, start } from "./engine.js";
import { loader } from "./load.js";

const read = (file) => () => readFileSync(new URL(file, import.meta.url));

// Where `placewright/lean` came before, its first half is in use.
if (!isReady()) loader({ isReady, start }).initSync(read("./placewright_bg.wasm"));
else if (!isWhole()) loader({ isReady: isWhole, start: join }).initSync(read("./placewright_edge_bg.wasm"));

export * from "./api.js";
export { version } from "./version.js";
