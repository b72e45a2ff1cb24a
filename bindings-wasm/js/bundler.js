// Entry for bundlers and pages: importing it loads the module. Bundlers find the file by the URL in `web.js`.

import { init } from "./web.js";

await init();

export * from "./api.js";
export { version } from "./version.js";
