// The script of a worker thread of Node.

import * as api from "./node.js";
import { ownPort } from "./port-node.js";
import { serve } from "./worker-serve.js";

serve(api, ownPort());
