// The script of a Web Worker.

import { serveLoaded } from "./port-web.js";
import * as api from "./web.js";
import { serve } from "./worker-serve.js";

serveLoaded(api.init(), (port) => serve(api, port));
