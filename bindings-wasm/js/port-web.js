// A Web Worker as both sides of it see it.

import { toParts } from "./error.js";

/** The page's side. */
export const portOf = (worker) => ({
  post: (message) => worker.postMessage(message),
  listen: (handler) => worker.addEventListener("message", (event) => handler(event.data)),
  fail: (handler) => {
    worker.addEventListener("error", handler);
    worker.addEventListener("messageerror", handler);
  },
  end: () => worker.terminate(),
});

/** The worker's own side. */
export const ownPort = () => ({
  post: (message, transfer = []) => self.postMessage(message, transfer),
  listen: (handler) => self.addEventListener("message", (event) => handler(event.data)),
});

/** Serves in a worker once its module is loaded: without top-level `await`, which bundlers that make a classic script of a worker cannot
 * put there (Vite, by default). */
export function serveLoaded(loading, serve) {
  loading.then(
    () => serve(ownPort()),
    // As a message: of what a script throws, the page hears the message alone.
    (error) => ownPort().post({ id: 0, refused: toParts(error) }),
  );
}
