// A door to a module: every call goes through `run`, so that nothing but a `PlacewrightError` comes out of it.
//
// A trap (a bug of ours, no memory left, no stack left) leaves the module in an unknown state. It is then given up with all that is
// in it, and the next call that does not need any of that starts a new one.
//
// A module may come in two halves (`split/halves.mjs` of the build). The first works alone; a call that is in the second is refused
// here until that is there, before anything of it is entered: in the module it would be a trap.

import { PlacewrightError, make, ofEngine } from "./error.js";

/** Pages of 64 KiB that a module with memory left can take. */
const PAGES = 4096;

/**
 * The door to the module of some glue. `lost` says what a module given up takes with it, and what to do then. `first` is the glue as
 * far as the first half goes, for a module that comes in two.
 */
export function door(glue, lost, first = undefined) {
  /** The module's exports; `undefined` before it is there. */
  let exports;
  /** Which module it is: counts those given up. What is in a module is only good for that one. */
  let generation = 0;
  /** Why the module can no longer be used. */
  let failure;
  /** The glue as callers may use it. */
  let calls = glue;
  /** The compiled second half, once it was asked for. */
  let second;
  /** Calls that are being made: a progress callback may make more. */
  let depth = 0;

  /** The error that a failed call stands for. */
  const told = (fault) => {
    if (fault instanceof PlacewrightError) return fault;
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

  /** The error for a module that was given up. A trap says nothing of its cause, so memory is asked for to see whether there is any. */
  const trapped = (fault) => {
    if (!(fault instanceof RangeError) && !hasMemory()) {
      return make("limit.memory", "limit-exceeded", "the engine has no memory left", { cause: fault, help: lost.ofMemory });
    }
    return make("internal.trap", "internal", `the engine failed: ${fault?.message ?? fault}`, { cause: fault, help: lost.ofTrap });
  };

  /** Whether the module given up could take more memory: as much as a list takes that has twice the room of the largest there can be. */
  const hasMemory = () => {
    const { memory } = exports;
    try {
      memory.grow(Math.max(PAGES, (memory.buffer.byteLength / 65_536) * 2));
      return true;
    } catch {
      return false;
    }
  };

  /** The error for what was in a module given up. */
  const gone = () => make("internal.lost", "internal", lost.before, { help: lost.again });

  /** Puts the second half into the slots that the first one keeps for it. */
  const link = (half) => {
    try {
      new WebAssembly.Instance(half, { first: exports });
    } catch (cause) {
      if (!(cause instanceof WebAssembly.LinkError)) throw cause;
      throw make("input.invalid", "invalid-input", "the two halves of the module are not of one build", {
        cause,
        help: "load both files of the same version of this package; an old one may be in a cache",
      });
    }
  };

  /** Starts a new module. Not below a call of the old one, which is still on the stack. */
  const renew = () => {
    if (depth > 0) throw gone();
    try {
      glue.__wbg_reset_state();
      exports = glue.initSync();
      if (second !== undefined) link(second);
    } catch (cause) {
      throw make("limit.memory", "limit-exceeded", "the host has no memory for a new engine", { cause, help: "try again later" });
    }
    failure = undefined;
  };

  return {
    /** Uses a module: bytes, or a compiled `WebAssembly.Module`. */
    start(module) {
      if (exports !== undefined) {
        if (calls === glue) return;
        throw make("conflict.busy", "conflict", "the first half of the module is in use", { help: "load the second half instead" });
      }
      exports = glue.initSync({ module });
      // One that came before is of no use to the whole.
      second = undefined;
    },

    /** Uses the first half of a module. */
    startFirst(module) {
      if (exports !== undefined) return;
      exports = glue.initSync({ module });
      const half = second;
      [second, calls] = [undefined, first];
      if (half === undefined) return;
      link(half);
      [second, calls] = [half, glue];
    },

    /** Uses the second half, too, of a module that is there or still comes. */
    join(module) {
      // Linked again, it would begin with its data as they were at first.
      if (calls === glue && (exports !== undefined || second !== undefined)) return;
      const half = module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module);
      const imports = WebAssembly.Module.imports(half);
      if (imports.length === 0 || imports.some((one) => one.module !== "first")) {
        throw make("input.invalid", "invalid-input", "the module is no second half", { help: "give `placewright_edge_bg.wasm` of this package" });
      }
      // One that was given up gets it when it is started again.
      if (exports !== undefined && failure === undefined) link(half);
      [second, calls] = [half, glue];
    },

    /** Whether a module is there. */
    isReady: () => exports !== undefined,

    /** Whether there are all calls of the module. */
    isWhole: () => exports !== undefined && calls === glue,

    /** Calls the module. */
    run(work) {
      if (exports === undefined) {
        throw make("internal.not_ready", "internal", "the module is not loaded", { help: "wait for `init()`" });
      }
      if (failure !== undefined) renew();
      const called = generation;
      let answer;
      depth += 1;
      try {
        answer = work(calls);
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
      // A progress callback made a call that failed: what a module given up answers is in nothing there is.
      if (called !== generation) throw gone();
      return answer;
    },

    lost: gone,

    /** Which module is in use. */
    currentGeneration: () => generation,

    /** The module's memory. A view of it is good until the next call. */
    memory: () => exports.memory,
  };
}
