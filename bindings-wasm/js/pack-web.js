// Entry `placewright/pack/web`: packing, for those who want to say when its module is loaded.

import * as engine from "./pack-engine.js";
import { loader } from "./load.js";

export * from "./pack-api.js";
export { version } from "./version.js";

export const { init, initSync } = loader(engine, new URL("./placewright_pack_bg.wasm", import.meta.url));
