// A worker thread of Node as both sides of it see it.

import { parentPort } from "node:worker_threads";

/** How threads are started: with arguments of their own, as of those of this process `--input-type` alone would end them. */
export const STARTED = { execArgv: [] };

/** The page's side. */
export const portOf = (worker) => ({
  post: (message) => worker.postMessage(message),
  listen: (handler) => worker.on("message", handler),
  fail: (handler) => {
    worker.on("error", handler);
    worker.on("messageerror", handler);
  },
  end: () => void worker.terminate(),
});

/** The worker's own side. */
export const ownPort = () => ({
  post: (message, transfer = []) => parentPort.postMessage(message, transfer),
  listen: (handler) => parentPort.on("message", handler),
});
