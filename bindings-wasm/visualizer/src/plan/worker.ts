// The script of the worker that packs. The page sends the compiled module first, then calls.

import * as api from "../../../pkg/pack-api.js";
import { start } from "../../../pkg/pack-engine.js";
import { serve } from "../../../pkg/pack-worker-serve.js";
import { ownPort } from "../../../pkg/port-web.js";

addEventListener(
  "message",
  ({ data }: MessageEvent<WebAssembly.Module>) => {
    start(data);
    serve(api, ownPort());
  },
  { once: true },
);
