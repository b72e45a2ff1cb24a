// Entry `placewright/pack/worker` for Node: packing in a worker thread.

import { Worker } from "node:worker_threads";

import { PackWorker } from "./pack-worker-client.js";
import { STARTED, portOf } from "./port-node.js";

export { PlacewrightError } from "./error.js";
export { PackWorker } from "./pack-worker-client.js";

/** Starts a worker thread. It keeps the process alive until it is terminated. */
export function start() {
  const worker = new Worker(new URL("./pack-worker-node.js", import.meta.url), { ...STARTED, name: "placewright-pack" });
  return new PackWorker(portOf(worker)).ready;
}
