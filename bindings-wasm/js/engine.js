// The door to the module: every call goes through `run`, so that nothing but a `PlacewrightError` comes out of it.
//
// A trap (a bug of ours, no memory left, no stack left) leaves the module in an unknown state. It is then given up with all of its
// clusters, and the next call that does not need one of them starts a new one.

import { make, ofEngine } from "./error.js";
import * as glue from "./placewright.js";

/** The module's exports; `undefined` before it is there. */
let exports;
/** Which module it is: counts those given up. A cluster is only good for the module it was made in. */
let generation = 0;
/** Why the module can no longer be used. */
let failure;
/** Calls that are being made: a progress callback may make more. */
let depth = 0;

/** Uses a module: bytes, or a compiled `WebAssembly.Module`. */
export function start(module) {
  exports = glue.initSync({ module });
}

/** Whether a module is there. */
export function isReady() {
  return exports !== undefined;
}

/** Calls the module. */
export function run(work) {
  if (exports === undefined) {
    throw make("internal.not_ready", "internal", "the module is not loaded", { help: "wait for `init()`" });
  }
  if (failure !== undefined) renew();
  depth += 1;
  try {
    return work(glue);
  } catch (fault) {
    throw told(fault);
  } finally {
    depth -= 1;
  }
}

/** The error that a failed call stands for. */
function told(fault) {
  if (typeof fault === "string") return ofEngine(fault);
  if (fault === undefined) {
    return make("conflict.busy", "conflict", "the cluster is in the middle of a call", {
      help: "a progress callback cannot use its own cluster",
    });
  }
  // A watch that has stopped the call; `watched` knows why.
  if (fault === null) return null;
  return trapped(fault);
}

/** Pages of 64 KiB that a module with memory left can take. */
const PAGES = 4096;

/** Gives the module up. A trap says nothing of its cause, so memory is asked for to see whether there is any. */
function trapped(fault) {
  generation += 1;
  failure = fault;
  if (!(fault instanceof RangeError) && !hasMemory()) {
    return make("limit.memory", "limit-exceeded", "the engine has no memory left", {
      cause: fault,
      help: "its clusters are lost; make a smaller one",
    });
  }
  return make("internal.trap", "internal", `the engine failed: ${fault?.message ?? fault}`, {
    cause: fault,
    help: "its clusters are lost; make them again, and report this",
  });
}

/** Whether the module given up could take more memory. */
function hasMemory() {
  try {
    exports.memory.grow(PAGES);
    return true;
  } catch {
    return false;
  }
}

/** Starts a new module. Not below a call of the old one, which is still on the stack. */
function renew() {
  if (depth > 0) throw lost();
  glue.__wbg_reset_state();
  exports = glue.initSync();
  failure = undefined;
}

/** The error for a cluster whose module was given up. */
export function lost() {
  return make("internal.lost", "internal", "the engine failed in an earlier call, and the cluster with it", {
    help: "make the cluster again",
  });
}

/** Which module is in use. */
export function currentGeneration() {
  return generation;
}

/** The module's memory. A view of it is good until the next call. */
export function memory() {
  return exports.memory;
}
