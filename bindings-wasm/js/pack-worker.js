// Entry `placewright/pack/worker` for pages: packing in a Web Worker.

import { PackWorker } from "./pack-worker-client.js";
import { portOf } from "./port-web.js";

export { PlacewrightError } from "./error.js";
export { PackWorker } from "./pack-worker-client.js";

/** Starts a worker. */
export function start() {
  const worker = new Worker(new URL("./pack-worker-web.js", import.meta.url), { type: "module", name: "placewright-pack" });
  return new PackWorker(portOf(worker)).ready;
}
