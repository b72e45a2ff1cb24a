// The page's side of a worker: the classes of the package, each call a promise.

import { make, ofParts, ofType, stale } from "./error.js";
import { PlaceResult } from "./request.js";

/** How long a cancelled call may go on before its worker is ended, where there is no shared memory to tell it by. */
const GRACE = 250;

/** Methods of a cluster, by what they give: a value, or a thing that stays in the worker. */
const VALUES = [
  "register", "registerContainerInstance", "declareResource", "deregister", "drain", "activate", "putAttributes",
  "deleteAttributes", "setAgentConnected", "registerTaskDefinition", "definitions", "loadTasks", "place", "placeBulk", "explain",
  "stop", "finish", "scaleIn", "runTask", "startTask", "createService", "listContainerInstances", "query", "queryPositions",
  "diagnose", "complete", "instance", "task", "instanceIds", "taskIds", "instances", "tasks", "attributes", "attributeSummary",
  "column", "usage", "runningTasksOf", "customResources", "refusedDefinitions", "warnings", "fingerprint", "toJson", "toObject",
  "rollback", "commit", "size", "runningTasks", "memoryUsage", "savepoints",
];
/** Where the options of a watched call stand among its arguments. */
const WATCHED = { fromJson: 1, loadTasks: 1, place: 1, placeBulk: 2, toJson: 0 };

/** A worker with clusters in it. */
export class PlacewrightWorker {
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
      const cause = error instanceof Error ? error : new Error(`${error?.message ?? "the worker's script did not load"}`);
      this.#end(make("internal.trap", "internal", `the worker failed: ${cause.message}`, { cause }));
    });
  }

  /** Resolves when the worker is ready. */
  get ready() {
    return this.#ready;
  }

  cluster(options = undefined) {
    return this.#make("make", options === undefined ? [] : [options]);
  }

  fromJson(document, options = {}) {
    return this.#make("fromJson", [document, options]);
  }

  async #make(name, args) {
    const as = thingNumber();
    try {
      await this._call(undefined, name, args, as);
    } catch (error) {
      // It is there all the same where only what was told of it threw.
      if (this.isUsable) this._call(as, "free", []).catch(() => {});
      throw error;
    }
    return new RemoteCluster(this, as);
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

  /** Makes a call. */
  async _call(on, name, args, as = undefined) {
    if (this.#ended !== undefined) {
      throw make("internal.lost", "internal", "the worker has ended, and its clusters with it", { cause: this.#ended });
    }
    const at = WATCHED[name];
    const { progress, signal, ...rest } = (at === undefined ? undefined : args[at]) ?? {};
    let watch;
    let flag;
    let values = args;
    if (progress !== undefined || signal !== undefined) {
      if (progress !== undefined && typeof progress !== "function") throw ofType("progress is a function", "progress");
      if (signal !== undefined && typeof signal?.addEventListener !== "function") throw ofType("signal is an AbortSignal", "signal");
      if (signal?.aborted) throw signal.reason;
      if (signal !== undefined && typeof SharedArrayBuffer === "function") flag = new SharedArrayBuffer(4);
      watch = { at, hasProgress: progress !== undefined, flag };
      values = args.slice();
      while (values.length <= at) values.push(undefined);
      values[at] = rest;
    }
    const id = this.#next++;
    const { promise, resolve, reject } = deferred();
    const pending = { resolve, reject, progress, signal };
    this.#pending.set(id, pending);
    const abort = () => {
      if (flag !== undefined) {
        Atomics.store(new Int32Array(flag), 0, 1);
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
      this.#port.post({ id, on, name, args: values.map(sent), watch, as });
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
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.progress !== undefined) {
      try {
        pending.progress?.(...message.progress);
      } catch (error) {
        // It cannot stop the call, as it can on one thread, but it is not lost.
        pending.thrown ??= { error };
      }
      return;
    }
    this.#pending.delete(message.id);
    if (pending.thrown !== undefined) pending.reject(pending.thrown.error);
    else if (message.isCancelled) pending.reject(pending.signal.reason);
    else if (message.refused !== undefined) pending.reject(ofParts(message.refused));
    else if (message.failed !== undefined) pending.reject(new Error(message.failed));
    else pending.resolve(message.placed === undefined ? message.result : new PlaceResult(message.placed));
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

/** An argument as a message has it. */
function sent(value) {
  if (value instanceof Remote) return { thing: value._number };
  if (Array.isArray(value) && value.length > 0 && value.every((one) => one instanceof Remote)) {
    return { things: value.map((one) => one._number) };
  }
  return { value };
}

/** A thing in the worker. */
class Remote {
  #worker;
  #number;

  constructor(worker, number) {
    this.#worker = worker;
    this.#number = number;
  }

  get _number() {
    if (this.#number === undefined) throw stale("it was freed");
    return this.#number;
  }

  _call(name, args, as) {
    return this.#worker._call(this._number, name, args, as);
  }

  get _worker() {
    return this.#worker;
  }

  /** Lets go of it. */
  async free() {
    if (this.#number === undefined) return;
    const number = this.#number;
    this.#number = undefined;
    if (!this.#worker.isUsable) return;
    try {
      await this.#worker._call(number, "free", []);
    } catch (error) {
      // With the worker it is gone, which is what was wanted: nobody waits for this where both are let go of.
      if (this.#worker.isUsable) throw error;
    }
  }
}

/** A cluster in a worker. */
export class RemoteCluster extends Remote {
  async prepare(...args) {
    const as = thingNumber();
    return new RemoteRequest(this._worker, as, await this._call("prepare", args, as));
  }

  async begin() {
    const as = thingNumber();
    await this._call("begin", [], as);
    return new RemoteSavepoint(this._worker, as);
  }

  async copy() {
    const as = thingNumber();
    await this._call("copy", [], as);
    return new RemoteCluster(this._worker, as);
  }
}

for (const name of VALUES) {
  const method = async function (...args) {
    return this._call(name, args);
  };
  Object.defineProperty(RemoteCluster.prototype, name, { value: method, writable: true, configurable: true });
}

/** A prepared request in a worker. */
export class RemoteRequest extends Remote {
  constructor(worker, number, { definition, group, count }) {
    super(worker, number);
    Object.assign(this, { definition, group, count });
  }
}

/** A savepoint in a worker. */
export class RemoteSavepoint extends Remote {
  #isClosed = false;

  async rollback() {
    await this.#close("rollback");
  }

  async commit() {
    await this.#close("commit");
  }

  async #close(name) {
    if (this.#isClosed) throw stale("the savepoint was closed before");
    await this._call(name, []);
    this.#isClosed = true;
  }

  async isOpen() {
    return !this.#isClosed && (await this._call("isOpen", []));
  }

  /** For `await using`: an open one is rolled back. */
  async _dispose() {
    if (this._worker.isUsable && (await this.isOpen())) await this.rollback();
  }
}

/** Numbers of things, apart from those of calls. */
let last = 0;
function thingNumber() {
  last -= 1;
  return last;
}

const DISPOSE = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
Object.defineProperty(Remote.prototype, DISPOSE, { value: Remote.prototype.free, writable: true, configurable: true });
Object.defineProperty(RemoteSavepoint.prototype, DISPOSE, { value: RemoteSavepoint.prototype._dispose, writable: true, configurable: true });
Object.defineProperty(PlacewrightWorker.prototype, Symbol.dispose ?? Symbol.for("Symbol.dispose"), {
  value: PlacewrightWorker.prototype.terminate,
  writable: true,
  configurable: true,
});
