// The module of clusters.

import { door } from "./door.js";
import * as glue from "./placewright.js";

export const { start, isReady, run, lost, currentGeneration, memory } = door(glue, {
  ofMemory: "its clusters are lost; make a smaller one",
  ofTrap: "its clusters are lost; make them again, and report this",
  before: "the engine failed in an earlier call, and the cluster with it",
  again: "make the cluster again",
});
