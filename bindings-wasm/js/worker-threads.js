// Entry `placewright/worker` for Node: clusters in a worker thread.

import { Worker } from "node:worker_threads";

import { STARTED, portOf } from "./port-node.js";
import { PlacewrightWorker } from "./worker-client.js";

export { PlacewrightError } from "./error.js";
export { PlaceResult } from "./request.js";
export { PlacewrightWorker, RemoteCluster, RemoteRequest, RemoteSavepoint } from "./worker-client.js";

/** Starts a worker thread. It keeps the process alive until it is terminated. */
export function start() {
  const worker = new Worker(new URL("./worker-node.js", import.meta.url), { ...STARTED, name: "placewright" });
  return new PlacewrightWorker(portOf(worker)).ready;
}
