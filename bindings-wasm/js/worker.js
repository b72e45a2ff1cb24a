// Entry `placewright/worker` for pages: clusters in a Web Worker.

import { portOf } from "./port-web.js";
import { PlacewrightWorker } from "./worker-client.js";

export { PlacewrightError } from "./error.js";
export { PlaceResult } from "./request.js";
export { PlacewrightWorker, RemoteCluster, RemoteRequest, RemoteSavepoint } from "./worker-client.js";

/** Starts a worker. */
export function start() {
  const worker = new Worker(new URL("./worker-web.js", import.meta.url), { type: "module", name: "placewright" });
  return new PlacewrightWorker(portOf(worker)).ready;
}
