// The script of a Web Worker.

import * as api from "./bundler.js";
import { serve } from "./worker-serve.js";

serve(api, {
  post: (message, transfer = []) => self.postMessage(message, transfer),
  listen: (handler) => self.addEventListener("message", (event) => handler(event.data)),
});
