// Entry `placewright/pack` for bundlers and pages: importing it loads the module. Bundlers find the file by the URL in `pack-web.js`.

import { init } from "./pack-web.js";

await init();

export * from "./pack-api.js";
export { version } from "./version.js";
