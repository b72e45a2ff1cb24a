// The script of a worker thread of Node that packs.

import * as api from "./pack-node.js";
import { serve } from "./pack-worker-serve.js";
import { ownPort } from "./port-node.js";

serve(api, ownPort());
