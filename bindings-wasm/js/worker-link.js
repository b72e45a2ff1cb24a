// The page's side of a worker: messages out, answers in, progress and cancellation of each call.

import { make, ofParts, ofType, toParts } from "./error.js";
import { ABORT, KEEP } from "./worker-words.js";

/** How long a cancelled call may go on before its worker is ended, where there is no shared memory to tell it by. */
const GRACE = 250;

/** A worker, and the calls it has not answered. */
export class WorkerLink {
  /** `{ post, listen, fail, end }` of the platform. */
  #port;
  /** Calls that were not answered, by number. */
  #pending = new Map();
  #next = 1;
  #ready;
  /** Why it can no longer be used. */
  #ended;

  /** Use `start`. */
  constructor(port) {
    this.#port = port;
    this.#ready = new Promise((resolve, reject) => this.#pending.set(0, { resolve, reject }));
    port.listen((message) => this.#hear(message));
    port.fail((error) => {
      // A thread that could not begin throws what comes here as it was, but for its class.
      if (error?.name === "PlacewrightError") return this.#end(ofParts(toParts(error)));
      const cause = error instanceof Error ? error : new Error(`${error?.message ?? "the worker's script did not load"}`);
      return this.#end(make("internal.trap", "internal", `the worker failed: ${cause.message}`, { cause }));
    });
  }

  /** Resolves when the worker is ready. */
  get ready() {
    return this.#ready;
  }

  /** Whether it can still be used. */
  get isUsable() {
    return this.#ended === undefined;
  }

  terminate() {
    this.#end(make("call.cancelled", "cancelled", "the worker was ended"));
  }

  #end(error) {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#port.end();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  /**
   * Makes a call: a message with whatever the worker's side knows. `watched` has `progress` and `signal`; where `keeps` is set,
   * `progress` stops the call by giving `false`, which then answers with what it has, and by throwing.
   */
  async _send(message, { progress, signal, keeps = false } = {}) {
    if (this.#ended !== undefined) {
      throw make("internal.lost", "internal", "the worker has ended, and what was in it", { cause: this.#ended });
    }
    let watch;
    let flag;
    if (progress !== undefined || signal !== undefined) {
      if (progress !== undefined && typeof progress !== "function") throw ofType("progress is a function", "progress");
      if (signal !== undefined && typeof signal?.addEventListener !== "function") throw ofType("signal is an AbortSignal", "signal");
      if (signal?.aborted) throw signal.reason;
      if ((signal !== undefined || keeps) && typeof SharedArrayBuffer === "function") flag = new SharedArrayBuffer(4);
      watch = { hasProgress: progress !== undefined, flag };
    }
    const tell = (word) => Atomics.compareExchange(new Int32Array(flag), 0, 0, word);
    const id = this.#next++;
    const { promise, resolve, reject } = deferred();
    this.#pending.set(id, { resolve, reject, progress, signal, tell: flag !== undefined && keeps ? tell : undefined });
    const abort = () => {
      if (flag !== undefined) {
        Atomics.store(new Int32Array(flag), 0, ABORT);
        return;
      }
      setTimeout(() => {
        if (!this.#pending.delete(id)) return;
        reject(signal.reason);
        this.#end(make("call.cancelled", "cancelled", "the worker was ended to cancel a call of it"));
      }, GRACE);
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#port.post({ ...message, id, watch });
      return await promise;
    } catch (error) {
      this.#pending.delete(id);
      if (error?.name === "DataCloneError") throw make("json.type", "invalid-input", error.message, { cause: error });
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Hears a message of the worker. */
  #hear(message) {
    if (message.isReady) {
      this.#pending.get(0)?.resolve(this);
      this.#pending.delete(0);
      return;
    }
    // It could not begin.
    if (message.id === 0) return this.#end(ofParts(message.refused));
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.progress !== undefined) {
      try {
        if (pending.progress?.(...message.progress) === false) pending.tell?.(KEEP);
      } catch (error) {
        // Without shared memory it cannot stop the call, as it can on one thread, but it is not lost.
        pending.thrown ??= { error };
        pending.tell?.(ABORT);
      }
      return;
    }
    this.#pending.delete(message.id);
    if (pending.thrown !== undefined) pending.reject(pending.thrown.error);
    else if (message.isCancelled) pending.reject(pending.signal.reason);
    else if (message.refused !== undefined) pending.reject(ofParts(message.refused));
    else if (message.failed !== undefined) pending.reject(new Error(message.failed));
    else pending.resolve(message.result);
  }
}

/** A promise with what settles it. */
function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

Object.defineProperty(WorkerLink.prototype, Symbol.dispose ?? Symbol.for("Symbol.dispose"), {
  value: WorkerLink.prototype.terminate,
  writable: true,
  configurable: true,
});
