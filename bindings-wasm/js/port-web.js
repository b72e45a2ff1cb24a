// A Web Worker as both sides of it see it.

/** The page's side. */
export const portOf = (worker) => ({
  post: (message) => worker.postMessage(message),
  listen: (handler) => worker.addEventListener("message", (event) => handler(event.data)),
  fail: (handler) => worker.addEventListener("error", handler),
  end: () => worker.terminate(),
});

/** The worker's own side. */
export const ownPort = () => ({
  post: (message, transfer = []) => self.postMessage(message, transfer),
  listen: (handler) => self.addEventListener("message", (event) => handler(event.data)),
});
