// A door to a module: every call goes through `run`, so that nothing but a `PlacewrightError` comes out of it.
//
// A trap (a bug of ours, no memory left, no stack left) leaves the module in an unknown state. It is then given up with all that is
// in it, and the next call that does not need any of that starts a new one.

import { make, ofEngine } from "./error.js";

/** Pages of 64 KiB that a module with memory left can take. */
const PAGES = 4096;

/** The door to the module of some glue. `lost` says what a module given up takes with it, and what to do then. */
export function door(glue, lost) {
  /** The module's exports; `undefined` before it is there. */
  let exports;
  /** Which module it is: counts those given up. What is in a module is only good for that one. */
  let generation = 0;
  /** Why the module can no longer be used. */
  let failure;
  /** Calls that are being made: a progress callback may make more. */
  let depth = 0;

  /** The error that a failed call stands for. */
  const told = (fault) => {
    if (typeof fault === "string") return ofEngine(fault);
    if (fault === undefined) {
      return make("conflict.busy", "conflict", "the cluster is in the middle of a call", {
        help: "a progress callback cannot use its own cluster",
      });
    }
    // A watch that has stopped the call; who watches knows why.
    if (fault === null) return null;
    return trapped(fault);
  };

  /** Gives the module up. A trap says nothing of its cause, so memory is asked for to see whether there is any. */
  const trapped = (fault) => {
    generation += 1;
    failure = fault;
    if (!(fault instanceof RangeError) && !hasMemory()) {
      return make("limit.memory", "limit-exceeded", "the engine has no memory left", { cause: fault, help: lost.ofMemory });
    }
    return make("internal.trap", "internal", `the engine failed: ${fault?.message ?? fault}`, { cause: fault, help: lost.ofTrap });
  };

  /** Whether the module given up could take more memory. */
  const hasMemory = () => {
    try {
      exports.memory.grow(PAGES);
      return true;
    } catch {
      return false;
    }
  };

  /** Starts a new module. Not below a call of the old one, which is still on the stack. */
  const renew = () => {
    if (depth > 0) throw make("internal.lost", "internal", lost.before, { help: lost.again });
    glue.__wbg_reset_state();
    exports = glue.initSync();
    failure = undefined;
  };

  return {
    /** Uses a module: bytes, or a compiled `WebAssembly.Module`. */
    start(module) {
      exports = glue.initSync({ module });
    },

    /** Whether a module is there. */
    isReady: () => exports !== undefined,

    /** Calls the module. */
    run(work) {
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
    },

    /** The error for what was in a module given up. */
    lost: () => make("internal.lost", "internal", lost.before, { help: lost.again }),

    /** Which module is in use. */
    currentGeneration: () => generation,

    /** The module's memory. A view of it is good until the next call. */
    memory: () => exports.memory,
  };
}
