// The script of a Web Worker. It waits for the module without top-level `await`, which bundlers that make a classic script of a worker
// cannot put there (Vite, by default).

import * as api from "./web.js";
import { serve } from "./worker-serve.js";

api.init().then(
  () =>
    serve(api, {
      post: (message, transfer = []) => self.postMessage(message, transfer),
      listen: (handler) => self.addEventListener("message", (event) => handler(event.data)),
    }),
  (error) => {
    // Not as a rejection: only what a script throws is told to the page.
    setTimeout(() => {
      throw error;
    });
  },
);
