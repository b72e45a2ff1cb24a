// Entry `placewright/worker` for Node: clusters in a worker thread.

import { Worker } from "node:worker_threads";

import { PlacewrightWorker } from "./worker-client.js";

export { PlacewrightError } from "./error.js";
export { PlaceResult } from "./request.js";
export { PlacewrightWorker, RemoteCluster, RemoteRequest, RemoteSavepoint } from "./worker-client.js";

/** Starts a worker thread. It keeps the process alive until it is terminated. */
export function start() {
  // With arguments of its own: of those of this process, `--input-type` alone would end it.
  const worker = new Worker(new URL("./worker-node.js", import.meta.url), { name: "placewright", execArgv: [] });
  const client = new PlacewrightWorker({
    post: (message) => worker.postMessage(message),
    listen: (handler) => worker.on("message", handler),
    fail: (handler) => {
      worker.on("error", handler);
      worker.on("messageerror", handler);
    },
    end: () => void worker.terminate(),
  });
  return client.ready;
}
