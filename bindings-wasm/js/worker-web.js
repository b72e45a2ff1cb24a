// The script of a Web Worker.

import * as api from "./bundler.js";
import { ownPort } from "./port-web.js";
import { serve } from "./worker-serve.js";

serve(api, ownPort());
