// The classes of the package: handles over clusters of the module.
//
// Nothing here decides anything. Arguments become JSON text, numbers and typed arrays, answers become objects; what they mean is
// the core's business.

import {
  NOT_PLACED, copied, refuseOptions, toArray, toExpression, toFunction, toIndices, toList, toObject, toOptionsOf, toTargeted,
} from "./arguments.js";
import { currentGeneration, isWhole, lost, memory, run } from "./engine.js";
import { elsewhere, make, ofType, stale } from "./error.js";
import { asText, kindOf, parse, stringify, toArrayDocument, toDocument, toText } from "./json.js";
import { toPlainInstance, toPlainNames, toPlainTask } from "./plain.js";
import { PlaceResult, toOptions, toRequest, toRules, toSeed } from "./request.js";
import { attributeColumns, instanceColumns, taskColumns } from "./columns.js";
import { watched } from "./watch.js";

export { NOT_PLACED } from "./arguments.js";
export { PlacewrightError } from "./error.js";
export { PlaceResult } from "./request.js";

/** Only this module makes handles. */
const KEY = Symbol("placewright");

/** Lives of clusters: a number of the module is given out again, so a request that is collected late has to know whose it was. */
let lives = 0;
/** The life that each number of the module has now. */
const living = new Map();

/** Lets go of what was collected without having been freed. */
const collected = new FinalizationRegistry(({ generation, cluster, life, request }) => {
  if (generation !== currentGeneration() || living.get(cluster) !== life) return;
  try {
    if (request === undefined) living.delete(cluster);
    run((glue) => (request === undefined ? glue.free(cluster) : glue.release(cluster, request)));
  } catch {
    // Its cluster is in the middle of a call, or gone.
  }
});

/** A cluster of container instances and the tasks on them. */
export class Cluster {
  /** Its number in the module; `undefined` once it was freed. */
  #number;
  /** The module it lives in. */
  #generation;
  /** Which of the clusters that had its number it is. */
  #life;

  constructor(options = undefined, key = undefined, number = undefined) {
    if (key === KEY) {
      this.#number = number;
    } else {
      const given = toOptions(options);
      this.#number = run((glue) => (given === "" ? glue.make() : glue.make_with(given)));
    }
    this.#generation = currentGeneration();
    this.#life = ++lives;
    living.set(this.#number, this.#life);
    collected.register(this, { generation: this.#generation, cluster: this.#number, life: this.#life }, this);
  }

  static fromJson(document, options = undefined) {
    const { progress, signal, ...rest } = toObject(options);
    const text = toDocument(document);
    const given = toOptions(rest);
    const number = watched({ progress, signal }, undefined, (glue, watch) => glue.load(text, given, watch));
    return new Cluster(undefined, KEY, number);
  }

  /** The number in the module. */
  get #id() {
    if (this.#number === undefined) throw stale("the cluster was freed");
    if (this.#generation !== currentGeneration()) throw lost();
    return this.#number;
  }

  /** Makes a call that can be watched. Its options may be objects of the caller's with code of theirs: the number in the module is
   * asked for behind them, as it may be another cluster's by then. */
  #watched(options, total, work) {
    void this.#id;
    return watched(options, total, (glue, watch) => work(glue, this.#id, watch));
  }

  /** Calls with a document as text. */
  #call(name, text, options = undefined, total = undefined) {
    return parse(this.#watched(options, total, (glue, id, watch) => glue.call(id, name, text, watch)));
  }

  /** Calls with the object that the arguments make. */
  #with(name, argument) {
    return this.#call(name, stringify(argument));
  }

  free() {
    const number = this.#number;
    if (this.isUsable) {
      // First in the module: in the middle of a call of its own it stays, and so does all that is known of it here.
      run((glue) => glue.free(number));
      living.delete(number);
    }
    collected.unregister(this);
    this.#number = undefined;
  }

  get isUsable() {
    return this.#number !== undefined && this.#generation === currentGeneration();
  }

  // Instances.

  get size() {
    const id = this.#id;
    return run((glue) => glue.figure(id, "size"));
  }

  register(instance) {
    // With the first half of the engine alone, which reads no JSON; what is not plain, that refuses.
    const plain = isWhole() ? undefined : toPlainInstance(instance);
    if (plain === undefined) return void this.#with("register", instance);
    const id = this.#id;
    run((glue) => glue.register_plain(id, plain.texts, plain.cpu, plain.memoryMib));
  }

  registerContainerInstance(document) {
    this.#call("registerContainerInstance", toDocument(document));
  }

  declareResource(name) {
    this.#with("declareResource", name);
  }

  deregister(instance, options = undefined) {
    return this.#with("deregister", { containerInstance: instance, force: toOptionsOf(options, ["force"]).force });
  }

  drain(instances) {
    this.#setDraining(toList(instances), true);
  }

  activate(instances) {
    this.#setDraining(toList(instances), false);
  }

  #setDraining(names, isDraining) {
    const plain = isWhole() ? undefined : toPlainNames(names);
    if (plain === undefined) {
      this.#with("updateContainerInstancesState", { containerInstances: names, status: isDraining ? "DRAINING" : "ACTIVE" });
      return;
    }
    const id = this.#id;
    run((glue) => glue.set_draining(id, plain, isDraining));
  }

  putAttributes(instance, attributes) {
    this.#with("putAttributes", { attributes: toTargeted(instance, attributes) });
  }

  deleteAttributes(instance, names) {
    this.#with("deleteAttributes", { attributes: toTargeted(instance, toList(names)) });
  }

  setAgentConnected(instance, connected) {
    this.#with("setAgentConnected", { containerInstance: instance, connected });
  }

  // Definitions and tasks.

  registerTaskDefinition(definition) {
    return this.#call("registerTaskDefinition", toDocument(definition));
  }

  definitions() {
    return this.#call("definitions", "null");
  }

  loadTasks(document, options = undefined) {
    this.#call("loadTasks", toDocument(document), options);
  }

  place(what, options = undefined) {
    const { progress, signal, ...rest } = toObject(options);
    if (what instanceof Request) {
      refuseOptions(rest);
      return new PlaceResult(this.#call("placePrepared", String(this.#request(what)), { progress, signal }, what.count));
    }
    const { text, count } = toRequest(what, rest);
    return new PlaceResult(this.#call("place", text, { progress, signal }, count));
  }

  // Carrying out what `placewright/pack` has planned.

  applyPlan(plan, options = undefined) {
    const { services } = toOptionsOf(options, ["services"]);
    return this.#with("applyPlan", { plan, options: { stopFirst: plan?.stopFirst, services } });
  }

  *planSteps(plan, options = undefined) {
    for (const [at, move] of toArray(plan?.moves, "moves", (one) => one).entries()) {
      let task;
      try {
        [task] = this.applyPlan({ ...plan, moves: [move] }, options);
      } catch (error) {
        throw error?.name === "PlacewrightError" ? elsewhere(error, error.path?.replace("moves[0]", `moves[${at}]`)) : error;
      }
      yield { move, task };
    }
  }

  applyPacking(answer, requests, options = undefined) {
    const written = stringify(answer);
    const text = `{"document":{"requests":${toArrayDocument(requests)}},"answer":${written}}`;
    const { tasks } = this.#call("applyPacking", text, options);
    // Of what was carried out: an object of the caller's may say something else when it is asked again.
    const numbers = JSON.parse(written).bins.flatMap(({ items }) => (items ?? []).flatMap(([request, count]) => Array(count).fill(request)));
    return tasks.map((task, at) => ({ task: task.taskArn, instance: task.containerInstanceArn, request: numbers[at] }));
  }

  prepare(what, options = undefined) {
    if (what instanceof Request) throw make("input.invalid", "invalid-input", "the request is prepared already");
    const made = this.#call("prepare", toRequest(what, toObject(options)).text);
    return new Request(KEY, this, { generation: this.#generation, cluster: this.#id, life: this.#life }, made);
  }

  prepareTask(name, demand, options = undefined) {
    const { texts, cpu, memoryMib, gpus, of } = toPlainTask(name, demand, options);
    const cluster = this.#id;
    const id = run((glue) => glue.prepare_plain(cluster, texts, cpu, memoryMib, gpus));
    return new Request(KEY, this, { generation: this.#generation, cluster, life: this.#life }, { id, ...of });
  }

  /** The number of a request of this cluster. */
  #request(request) {
    if (!(request instanceof Request)) throw ofType(`expected a prepared request, found ${kindOf(request)}`);
    return request._numberFor(KEY, this);
  }

  placeOne(request) {
    const number = this.#request(request);
    const id = this.#id;
    return run((glue) => glue.place_one(id, number));
  }

  get lastInstance() {
    const id = this.#id;
    return run((glue) => glue.last_instance(id));
  }

  placeBulk(requests, indices = undefined, options = undefined) {
    void this.#id;
    const numbers = Float64Array.from(toArray(requests, "requests", (request) => this.#request(request)));
    const chosen = indices === undefined ? undefined : toIndices(indices);
    const total = chosen === undefined ? numbers.length : chosen.length;
    const instance = this.#watched(options, total, (glue, id, watch) => glue.place_bulk(id, numbers, chosen, watch));
    const id = this.#id;
    const task = run((glue) => glue.bulk_tasks(id));
    let placed = 0;
    for (const position of instance) if (position !== NOT_PLACED) placed += 1;
    return { instance, task, placed, rejected: instance.length - placed };
  }

  explain(what, options = undefined) {
    if (what instanceof Request) {
      refuseOptions(toObject(options));
      return this.#call("explain", String(this.#request(what)));
    }
    return this.#call("explain", toRequest(what, toObject(options)).text);
  }

  stop(tasks) {
    if (tasks instanceof Float64Array) {
      const numbers = copied(Float64Array, tasks, "tasks");
      const id = this.#id;
      run((glue) => glue.stop_numbers(id, numbers));
    } else {
      this.#with("stop", Array.isArray(tasks) ? tasks : [tasks]);
    }
  }

  finish(task) {
    this.#with("finish", task);
  }

  scaleIn(group, count, options = undefined) {
    const { strategies, seed } = toOptionsOf(options, ["strategies", "seed"]);
    return this.#with("scaleIn", {
      group,
      count,
      placementStrategy: strategies === undefined ? undefined : toRules(strategies, "field"),
      xSeed: toSeed(seed),
    });
  }

  // ECS's calls.

  runTask(request) {
    return this.#call("runTask", toDocument(request));
  }

  startTask(request) {
    return this.#call("startTask", toDocument(request));
  }

  createService(request) {
    return this.#call("createService", toDocument(request));
  }

  listContainerInstances(request = {}) {
    return this.#call("listContainerInstances", toDocument(request));
  }

  // Looking.

  query(expression) {
    return this.#with("query", toExpression(expression));
  }

  queryPositions(expression) {
    const text = toExpression(expression);
    const id = this.#id;
    return run((glue) => glue.query_positions(id, text));
  }

  diagnose(expression) {
    return diagnosed(this.#with("diagnose", expression));
  }

  complete(expression, position) {
    return this.#with("complete", { text: expression, position });
  }

  instance(instance) {
    return this.#with("instance", instance);
  }

  task(task) {
    return this.#with("task", task);
  }

  instanceIds() {
    return this.#call("instanceIds", "null");
  }

  taskIds() {
    return this.#call("taskIds", "null");
  }

  instances() {
    return instanceColumns(this.#id, this.customResources());
  }

  tasks() {
    return taskColumns(this.#id);
  }

  attributes() {
    return attributeColumns(this.#id);
  }

  attributeSummary(options = undefined) {
    return this.#with("attributeSummary", { valuesMax: toOptionsOf(options, ["valuesMax"]).valuesMax });
  }

  column(name, into = undefined) {
    return this.withColumn(name, (view) => {
      if (into === undefined) return view.slice();
      if (!(into instanceof Int32Array) || into.length !== view.length) {
        throw make("input.invalid", "invalid-input", `a column of ${view.length} instances goes into an Int32Array of that length`, {
          path: "into",
        });
      }
      into.set(view);
      return into;
    });
  }

  withColumn(name, use) {
    const id = this.#id;
    const column = toText(name);
    toFunction(use, "use");
    // Those with a point are parts of `instances`, `tasks` and `attributes`; names of resources may have points.
    if (/^\w*\./.test(column)) throw make("input.invalid", "invalid-input", `no column is named \`${column}\``);
    const [start, length] = run((glue) => [glue.integers(id, column), glue.length(id)]);
    return use(new Int32Array(memory().buffer, start, length));
  }

  usage() {
    const { zones, ...rest } = this.#call("usage", "null");
    return { ...rest, zones: new Map(Object.entries(zones)) };
  }

  get runningTasks() {
    const id = this.#id;
    return run((glue) => glue.figure(id, "runningTasks"));
  }

  runningTasksOf(group) {
    return this.#with("runningTasksOf", group);
  }

  customResources() {
    return this.#call("customResources", "null");
  }

  refusedDefinitions() {
    return this.#call("refusedDefinitions", "null");
  }

  warnings() {
    return this.#call("warnings", "null");
  }

  get memoryUsage() {
    const id = this.#id;
    return run((glue) => glue.memory_usage(id));
  }

  fingerprint() {
    const id = this.#id;
    return BigInt(`0x${run((glue) => glue.fingerprint(id))}`);
  }

  toJson(options = undefined) {
    return this.#watched(options, undefined, (glue, id, watch) => asText(() => glue.write(id, watch)));
  }

  toObject() {
    return parse(`1${this.toJson()}`);
  }

  // What if.

  transaction(work) {
    toFunction(work, "work");
    const savepoint = this.begin();
    let result;
    try {
      result = work(savepoint);
      if (typeof result?.then === "function") {
        // What becomes of it nobody hears; that it was refused is thrown here.
        if (result instanceof Promise) result.catch(() => {});
        throw make("input.invalid", "invalid-input", "a transaction does not wait for a promise", {
          help: "use `begin`, and `commit` or `rollback` when it is settled",
        });
      }
    } catch (error) {
      if (this.isUsable && savepoint.isOpen) savepoint.rollback();
      throw error;
    }
    if (this.isUsable && savepoint.isOpen) savepoint.commit();
    return result;
  }

  begin() {
    const id = this.#id;
    return new Savepoint(KEY, this, run((glue) => glue.begin(id)));
  }

  rollback(savepoint = undefined) {
    this.#close(savepoint, false);
  }

  commit(savepoint = undefined) {
    this.#close(savepoint, true);
  }

  /** Closes a savepoint. */
  #close(savepoint, isKept) {
    if (savepoint !== undefined && !(savepoint instanceof Savepoint)) {
      throw ofType(`expected a savepoint, found ${kindOf(savepoint)}`);
    }
    const number = savepoint?._numberFor(KEY, this);
    const id = this.#id;
    run((glue) => glue.close(id, number, isKept));
  }

  /** Lets go of a request; for `Request`. */
  _release(key, number) {
    if (key !== KEY) throw new TypeError("not for you");
    const id = this.#id;
    run((glue) => glue.release(id, number));
  }

  /** Whether a savepoint is open; for `Savepoint`. */
  _isOpen(number) {
    const id = this.#id;
    return run((glue) => glue.is_open(id, number));
  }

  get savepoints() {
    const id = this.#id;
    return run((glue) => glue.figure(id, "savepoints"));
  }

  copy() {
    const id = this.#id;
    return new Cluster(undefined, KEY, run((glue) => glue.copy(id)));
  }
}

/** A request made ready for one cluster. */
export class Request {
  #cluster;
  #number;

  constructor(key, cluster, place, { id, definition, group, count } = {}) {
    if (key !== KEY) throw new TypeError("a request is made by `cluster.prepare`");
    this.#cluster = cluster;
    this.#number = id;
    this.definition = definition;
    this.group = group;
    this.count = count;
    Object.freeze(this);
    collected.register(this, { ...place, request: id }, this);
  }

  get cluster() {
    return this.#cluster;
  }

  /** Its number, for the cluster it belongs to. */
  _numberFor(key, cluster) {
    if (key !== KEY) throw new TypeError("not for you");
    if (this.#number === undefined) throw stale("the request was freed");
    if (cluster !== this.#cluster) {
      throw make("not_found.handle", "not-found", "the request was prepared for another cluster", {
        help: "prepare it again with this one, also for a copy of the first",
      });
    }
    return this.#number;
  }

  place(options = undefined) {
    return this.#cluster.place(this, options);
  }

  explain() {
    return this.#cluster.explain(this);
  }

  free() {
    if (this.#number === undefined) return;
    // In the middle of a call of its cluster it cannot be let go of, and stays.
    if (this.#cluster.isUsable) this.#cluster._release(KEY, this.#number);
    this.#number = undefined;
    collected.unregister(this);
  }
}

/** A moment a cluster can go back to. */
export class Savepoint {
  #cluster;
  #number;

  constructor(key, cluster, number) {
    if (key !== KEY) throw new TypeError("a savepoint is made by `cluster.begin`");
    this.#cluster = cluster;
    this.#number = number;
  }

  get isOpen() {
    return this.#cluster.isUsable && this.#cluster._isOpen(this.#number);
  }

  /** Its number, for the cluster it belongs to. */
  _numberFor(key, cluster) {
    if (key !== KEY) throw new TypeError("not for you");
    if (cluster !== this.#cluster) throw stale("the savepoint is another cluster's");
    return this.#number;
  }

  rollback() {
    this.#cluster.rollback(this);
  }

  commit() {
    this.#cluster.commit(this);
  }

  /** For `using`: an open one is rolled back. */
  _dispose() {
    if (this.isOpen) this.rollback();
  }
}

// Node 20 and older browsers have no `Symbol.dispose`; where a page or a compiler brings one, it is used.
const DISPOSE = Symbol.dispose ?? Symbol.for("Symbol.dispose");
for (const [kind, method] of [
  [Cluster, Cluster.prototype.free],
  [Request, Request.prototype.free],
  [Savepoint, Savepoint.prototype._dispose],
]) {
  Object.defineProperty(kind.prototype, DISPOSE, { value: method, writable: true, configurable: true });
}

export function compile(expression) {
  const text = toText(expression);
  return Object.freeze(parse(run((glue) => glue.compile(text))));
}

export function diagnose(expression) {
  const text = toText(expression);
  return diagnosed(parse(run((glue) => glue.diagnose(text))));
}

export function tokens(expression) {
  const text = toText(expression);
  return parse(run((glue) => glue.tokens(text)));
}

export function memorySize() {
  return run(() => memory().buffer.byteLength);
}

/** A diagnosis with every key there is. */
function diagnosed({ canonical, attributeNames, tokens, diagnostics }) {
  return {
    canonical,
    attributeNames,
    tokens,
    diagnostics: diagnostics.map(({ help, ...rest }) => ({ ...rest, help })),
  };
}
