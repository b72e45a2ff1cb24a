// The script of a worker thread of Node.

import { parentPort } from "node:worker_threads";

import * as api from "./node.js";
import { serve } from "./worker-serve.js";

serve(api, {
  post: (message, transfer = []) => parentPort.postMessage(message, transfer),
  listen: (handler) => parentPort.on("message", handler),
});
