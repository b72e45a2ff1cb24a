// Progress and cancellation of one call.

import { toOptionsOf } from "./arguments.js";
import { currentGeneration, lost, run } from "./engine.js";
import { make, ofType } from "./error.js";

/** How long work goes on before somebody is told, in milliseconds. */
const INTERVAL = 20;
/** How long one part is to take, about. */
const PART = 4;
/** Most that one part has. */
const PART_MAX = 1 << 20;

/**
 * Makes a call that can be watched: `work` is called with the module and a function for it, or `undefined` where nobody watches.
 * What the callback throws, and the reason of an aborted signal, are thrown as they are.
 */
export function watched(options, total, work) {
  const { progress, signal } = toOptionsOf(options, ["progress", "signal"]);
  if (progress !== undefined && typeof progress !== "function") throw ofType("progress is a function", "progress");
  if (signal !== undefined && (typeof signal !== "object" || signal === null || typeof signal.aborted !== "boolean")) {
    throw ofType("signal is an AbortSignal", "signal");
  }
  if (progress === undefined && signal === undefined) return run((glue) => work(glue, undefined));
  if (signal?.aborted) throw signal.reason;
  let stopped = false;
  let reason;
  let part = 16;
  let told = performance.now();
  let started = told;
  let before = 0;
  const generation = currentGeneration();
  const ask = (done, isWork) => {
    const now = performance.now();
    const took = now - started;
    const isShort = done - before < part;
    if (took < PART / 2 && !isShort) part = Math.min(part * 2, PART_MAX);
    else if (took > PART * 2) part = Math.max(Math.floor(part / 2), 1);
    const isLast = isWork && (done === total || (total !== undefined && isShort));
    before = done;
    if (isLast || now - told >= INTERVAL) {
      try {
        if (signal?.aborted) throw signal.reason;
        if (isWork) progress?.(done, total);
        if (signal?.aborted) throw signal.reason;
      } catch (error) {
        stopped = true;
        reason = error;
        return 0;
      }
      told = performance.now();
      // The callback made the module fail: the rest of this call is for nothing.
      if (currentGeneration() !== generation) return 0;
    }
    started = performance.now();
    return part;
  };
  try {
    return run((glue) => work(glue, ask));
  } catch (error) {
    if (error !== null) throw error;
    if (stopped) throw reason;
    if (currentGeneration() !== generation) throw lost();
    throw make("call.cancelled", "cancelled", "nobody could be asked whether to go on: no stack was left");
  }
}
