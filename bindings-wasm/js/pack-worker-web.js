// The script of a Web Worker that packs.

import * as api from "./pack-web.js";
import { serve } from "./pack-worker-serve.js";
import { serveLoaded } from "./port-web.js";

serveLoaded(api.init(), (port) => serve(api, port));
