// The script of a Web Worker that packs.

import * as api from "./pack-bundler.js";
import { serve } from "./pack-worker-serve.js";
import { ownPort } from "./port-web.js";

serve(api, ownPort());
