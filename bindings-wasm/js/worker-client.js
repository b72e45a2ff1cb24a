// The page's side of a worker: the classes of the package, each call a promise.

import { stale } from "./error.js";
import { PlaceResult } from "./request.js";
import { WorkerLink } from "./worker-link.js";

/** Methods of a cluster, by what they give: a value, or a thing that stays in the worker. */
const VALUES = [
  "register", "registerContainerInstance", "declareResource", "deregister", "drain", "activate", "putAttributes",
  "deleteAttributes", "setAgentConnected", "registerTaskDefinition", "definitions", "loadTasks", "place", "placeBulk", "explain",
  "applyPlan", "applyPacking",
  "stop", "finish", "scaleIn", "runTask", "startTask", "createService", "listContainerInstances", "query", "queryPositions",
  "diagnose", "complete", "instance", "task", "instanceIds", "taskIds", "instances", "tasks", "attributes", "attributeSummary",
  "column", "usage", "runningTasksOf", "customResources", "refusedDefinitions", "warnings", "fingerprint", "toJson", "toObject",
  "rollback", "commit", "size", "runningTasks", "memoryUsage", "savepoints",
];
/** Where the options of a watched call stand among its arguments. */
const WATCHED = { fromJson: 1, applyPacking: 2, loadTasks: 1, place: 1, placeBulk: 2, toJson: 0 };

/** A worker with clusters in it. */
export class PlacewrightWorker extends WorkerLink {
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

  /** Makes a call. */
  async _call(on, name, args, as = undefined) {
    const at = WATCHED[name];
    const { progress, signal, ...rest } = (at === undefined ? undefined : args[at]) ?? {};
    let values = args;
    if (progress !== undefined || signal !== undefined) {
      values = args.slice();
      while (values.length <= at) values.push(undefined);
      values[at] = rest;
    }
    const { placed, value } = await this._send({ on, name, args: values.map(sent), at, as }, { progress, signal });
    return placed === undefined ? value : new PlaceResult(placed);
  }
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
