// The door to the module: every call goes through `run`, so that nothing but a `PlacewrightError` comes out of it.
//
// A trap (a bug of ours, no memory left, no stack left) leaves the module in an unknown state. It is then given up with all of its
// clusters, and the next call that does not need one of them starts a new one.

import { PlacewrightError, make, ofEngine } from "./error.js";
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
  const called = generation;
  let answer;
  depth += 1;
  try {
    answer = work(glue);
  } catch (fault) {
    if (typeof fault === "object" && fault !== null) {
      // Given up first and looked at then: where no stack is left, no call from here comes to its end.
      const before = failure;
      generation += 1;
      failure = fault;
      if (fault instanceof PlacewrightError) {
        generation -= 1;
        failure = before;
      }
    }
    throw told(fault);
  } finally {
    depth -= 1;
  }
  // A progress callback made a call that failed: what a module given up answers is in no cluster there is.
  if (called !== generation) throw lost();
  return answer;
}

/** The error that a failed call stands for. */
function told(fault) {
  if (fault instanceof PlacewrightError) return fault;
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

/** The error for a module that was given up. A trap says nothing of its cause, so memory is asked for to see whether there is any. */
function trapped(fault) {
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

/** Whether the module given up could take more memory: as much as a list takes that has twice the room of the largest there can be. */
function hasMemory() {
  const { memory } = exports;
  try {
    memory.grow(Math.max(PAGES, (memory.buffer.byteLength / 65_536) * 2));
    return true;
  } catch {
    return false;
  }
}

/** Starts a new module. Not below a call of the old one, which is still on the stack. */
function renew() {
  if (depth > 0) throw lost();
  try {
    glue.__wbg_reset_state();
    exports = glue.initSync();
  } catch (cause) {
    throw make("limit.memory", "limit-exceeded", "the host has no memory for a new engine", { cause, help: "try again later" });
  }
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
