// The module that packs. It holds nothing between calls.

import { door } from "./door.js";
import * as glue from "./placewright_pack.js";

export const { start, isReady, run, memory } = door(glue, {
  ofMemory: "give it a smaller problem; the next call starts anew",
  ofTrap: "report this; the next call starts anew",
  before: "the engine failed in a call inside this one",
  again: "call again",
});
