// Progress, time and cancellation of one call: what the module asks while it works.

import { ofType } from "./error.js";

/** How long work goes on before somebody is told, in milliseconds. */
const INTERVAL = 20;

/** What `look` says: 0 to go on, 1 to go on and tell, 2 to stop. */
const LOOKS = { goOn: 0, tell: 1, stop: 2 };

/** The key of an option that only a worker gives: a function that says whether to stop and keep the best so far. */
export const STOP = Symbol("stop");

/** Refuses what is no callback and no signal. */
export function check({ progress, signal }) {
  if (progress !== undefined && typeof progress !== "function") throw ofType("progress is a function", "progress");
  if (signal !== undefined && (typeof signal !== "object" || signal === null || typeof signal.aborted !== "boolean")) {
    throw ofType("signal is an AbortSignal", "signal");
  }
}

/** Who watches a call. */
export class Watch {
  #progress;
  #signal;
  #stop;
  #started = performance.now();
  #deadline = Infinity;
  #told = this.#started;
  /** What the callback threw, or the signal's reason. */
  #thrown;

  constructor({ progress, signal, stop }) {
    this.#progress = progress;
    this.#signal = signal;
    this.#stop = stop;
    if (signal?.aborted) throw signal.reason;
  }

  // For the module.

  begin(milliseconds) {
    this.#started = performance.now();
    this.#told = this.#started;
    if (milliseconds !== undefined) this.#deadline = this.#started + milliseconds;
  }

  look() {
    const now = performance.now();
    if (this.#thrown !== undefined || now >= this.#deadline) return LOOKS.stop;
    if (now - this.#told < INTERVAL) return LOOKS.goOn;
    this.#told = now;
    if (!this.#hear() || this.#stop?.() === true) return LOOKS.stop;
    return this.#progress === undefined ? LOOKS.goOn : LOOKS.tell;
  }

  packing(value, missing, lowerBound, boundName, solver, steps) {
    const gap = value === undefined ? undefined : value > lowerBound ? (value - lowerBound) / value : 0;
    return this.#tell({ value, missing, lowerBound, boundName, gap, solver, steps, milliseconds: this.elapsed() });
  }

  moving(moves, steps) {
    return this.#tell({ moves, steps, milliseconds: this.elapsed() });
  }

  elapsed() {
    return performance.now() - this.#started;
  }

  aborted() {
    return this.#thrown !== undefined || !this.#hear();
  }

  // For this side.

  /** What ended the call, `{ reason }`; nothing where nobody did. */
  get thrown() {
    return this.#thrown;
  }

  /** Whether nobody has aborted it. */
  #hear() {
    try {
      if (this.#signal?.aborted) this.#thrown ??= { reason: this.#signal.reason };
    } catch (reason) {
      this.#thrown ??= { reason };
    }
    return this.#thrown === undefined;
  }

  /** Tells; whether to go on. */
  #tell(figures) {
    if (this.#thrown !== undefined) return false;
    try {
      // A plan is worked out in several runs; none of them goes on then.
      if (this.#progress?.(figures) === false) this.#deadline = -Infinity;
      return this.#hear() && this.#deadline > -Infinity;
    } catch (reason) {
      this.#thrown = { reason };
      return false;
    }
  }
}
