// Entry `placewright/worker` for pages: clusters in a Web Worker.

import { PlacewrightWorker } from "./worker-client.js";

export { PlacewrightError } from "./error.js";
export { PlaceResult } from "./request.js";
export { PlacewrightWorker, RemoteCluster, RemoteRequest, RemoteSavepoint } from "./worker-client.js";

/** Starts a worker. */
export function start() {
  const worker = new Worker(new URL("./worker-web.js", import.meta.url), { type: "module", name: "placewright" });
  const client = new PlacewrightWorker({
    post: (message) => worker.postMessage(message),
    listen: (handler) => worker.addEventListener("message", (event) => handler(event.data)),
    fail: (handler) => {
      worker.addEventListener("error", handler);
      worker.addEventListener("messageerror", handler);
    },
    end: () => worker.terminate(),
  });
  return client.ready;
}
