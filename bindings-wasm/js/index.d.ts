/// <reference lib="esnext.disposable" />

// The package `placewright`, by hand: `tests/types.ts` holds the built package and this file together.
//
// Units: CPU units, 1024 a vCPU; memory in MiB. Ids of instances and tasks are ARNs or short ids. A call that throws has changed
// nothing. Every failure is a `PlacewrightError`, except that what your own code throws (a getter, a progress callback, an
// aborted signal's reason) comes back as it is. Meaning is in the repository's `core/docs/semantics.md`.

import type { Move, PackAnswer, PlannedMoves, Service } from "./pack.js";

/** A part of a text: code units of a JavaScript string, `text.slice(start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The families of refusal. `internal`: the engine itself failed, and the cluster with it, or it could not be loaded. */
export type ErrorClass =
  | "invalid-input"
  | "invalid-expression"
  | "limit-exceeded"
  | "duplicate"
  | "not-found"
  | "conflict"
  | "cancelled"
  | "internal";

/** Stable codes, to match on; messages are for people. */
export type ErrorCode =
  | "expr.syntax"
  | "expr.unknown_subject"
  | "expr.operator"
  | "expr.literal"
  | "expr.pattern"
  | "expr.pattern_unsupported"
  | "expr.regex_disabled"
  | "expr.too_long"
  | "expr.too_deep"
  | "expr.pattern_too_large"
  | "json.syntax"
  | "json.too_deep"
  | "json.duplicate_key"
  | "json.type"
  | "json.missing"
  | "json.unknown_key"
  | "input.invalid"
  | "input.amount"
  | "input.port"
  | "input.attribute"
  | "definition.invalid"
  | "definition.fargate_size"
  | "strategy.invalid"
  | "constraint.invalid"
  | "input.unsupported"
  | "cluster.no_instances"
  | "limit.exceeded"
  | "limit.attributes"
  | "limit.reserved"
  | "limit.capacity"
  | "duplicate.instance"
  | "duplicate.task"
  | "not_found.instance"
  | "not_found.task"
  | "not_found.definition"
  | "not_found.attribute"
  | "not_found.handle"
  | "conflict.instance_not_empty"
  | "conflict.savepoint_open"
  | "conflict.no_savepoint"
  /** A call from inside the cluster's own progress callback. */
  | "conflict.busy"
  /** The worker of a call was ended, or no stack was left to ask a watch whether to go on. */
  | "call.cancelled"
  /** The engine ran out of memory. Its clusters are lost; new ones work. */
  | "limit.memory"
  /** The engine failed: a bug of ours. Its clusters are lost; new ones work. */
  | "internal.trap"
  /** The cluster was lost when the engine failed in an earlier call. */
  | "internal.lost"
  /** The package was used before `init()` was done. */
  | "internal.not_ready"
  /** The module could not be loaded: `cause` is what `fetch` or `WebAssembly` said. It can be tried again. */
  | "load.failed"
  /** The same, where the host has no WebAssembly with 128-bit vectors, or none at all. */
  | "load.unsupported"
  /** Of `placewright/lean`: the call needs what `loadEdge()` loads. Nothing has changed; make it again then. */
  | "edge.not_loaded";

/** Why a call was refused. The call changed nothing. */
export class PlacewrightError extends Error {
  private constructor();
  readonly name: "PlacewrightError";
  /** What went wrong. */
  readonly code: ErrorCode;
  /** The family it belongs to. */
  readonly class: ErrorClass;
  /** Where in a document, e.g. `containerInstances[3].status`. */
  readonly path: string | undefined;
  /** Where in `source`; always there for an expression. */
  readonly span: Span | undefined;
  /** The text that `span` is about: the expression, or the JSON text that was given. Not there for more than 16 MiB of text, of which
   * `span` says the place all the same. */
  readonly source: string | undefined;
  /** What to do about it. */
  readonly help: string | undefined;
  /** All of it on several lines, with carets under the span. */
  readonly text: string;
}

/** JSON text, its UTF-8 bytes, or the object that such a text parses to. Integers above 2^53 are `bigint`. */
export type Document = string | Uint8Array | object;

/** What a value of JSON is here. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

/** Options of a cluster. */
export interface ClusterOptions {
  /** Of draws and seeded ties, where a request gives none. 0 to 2^64 - 1; default 0. */
  seed?: number | bigint | string;
  /** What a request without a strategy does. Default: a seeded draw, as ECS. */
  runTaskDefault?: "random" | "registration";
  /** Who wins a tie. Default: the instance registered first. */
  tieBreak?: "registration" | "seeded";
  /** Refuse awsvpc requests without network configuration, and others with one. Default: no. */
  strictNetwork?: boolean;
  /** Read `CPU` and `Memory` as fields of a strategy. Default: no. */
  lenientFields?: boolean;
  /** When a stopped task gives its resources back: at once (default), or when `finish` says so. */
  release?: "desired" | "last";
  /** Host ports an instance can have reserved at once. Default 100. */
  hostPortsMax?: number;
  /** Where instances without a spread attribute rank. Default: they are one group. */
  absentGroup?: "together" | "last" | "exclude";
  /** What an unknown instance type means for task network interfaces. Default: they are not counted. */
  unknownTypeEni?: "unlimited" | "zero";
  /** How instances are searched; the answers are the same. Default: by the size of the cluster. */
  route?: "auto" | "scan" | "indexed";
}

/** For calls that may take long; of loading and writing there is no total. */
export interface Watched<Total extends number | undefined = number> {
  /** Called now and then with what is done and the total, and where there is a total a last time when all is done. What it throws
   * takes everything back and is thrown on: that is how a call is stopped. What it gives back is not looked at. It may not use the
   * same cluster. */
  progress?: (done: number, total: Total) => unknown;
  /** Looked at as often; an aborted one takes everything back, and its reason is thrown. On a single thread only `progress` can
   * abort it. */
  signal?: AbortSignal;
}

/** A placement strategy: as ECS writes it, or `"binpack:memory"`, `"spread:attribute:ecs.availability-zone"`, `"random"`. */
export type Strategy = string | { type: string; field?: string };
/** A placement constraint: as ECS writes it, or `"distinctInstance"`, `"memberOf:attribute:stack == prod"`. */
export type Constraint = string | { type: string; expression?: string };

/** Options of a request beside what it is for; each is a key of it. */
export interface RequestOptions {
  /** Number of tasks, up to 10,000,000. Default 1. */
  count?: number;
  /** Task group. Default `family:NAME`. */
  group?: string;
  /** Strategies, most important first. Without one: a seeded draw. */
  strategies?: Strategy | readonly Strategy[];
  /** Constraints. */
  constraints?: Constraint | readonly Constraint[];
  /** All tasks or none. */
  allOrNothing?: boolean;
  /** Seed of draws and seeded ties. */
  seed?: number | bigint | string;
}

/** What one task takes, without a task definition. */
export interface TaskDemand {
  /** CPU units. Default 0. */
  cpu?: number;
  /** Memory in MiB. Default 0. */
  memoryMib?: number;
  /** Whole GPUs. Default 0. */
  gpus?: number;
}

/** A task that was placed. */
export interface Placement {
  /** Its id. */
  readonly task: string;
  /** The id of its instance. */
  readonly instance: string;
}

/** A task as ECS's answers write it. */
export interface PlacedTask {
  readonly taskArn: string;
  readonly containerInstanceArn: string;
  readonly taskDefinitionArn: string;
  readonly group: string;
  readonly lastStatus: "PENDING";
  readonly desiredStatus: "RUNNING";
  readonly availabilityZone?: string;
  readonly cpu: string;
  readonly memory: string;
  readonly containers?: readonly { readonly gpuIds: readonly string[] }[];
}

/** An instance that could not take a task, and why. */
export interface PlaceFailure {
  readonly arn: string;
  readonly reason: string;
  readonly detail?: string;
}

/** ECS's answer to RunTask, StartTask and CreateService. */
export interface PlaceResponse {
  readonly tasks: readonly PlacedTask[];
  readonly failures: readonly PlaceFailure[];
}

/** What became of a request. A value: it holds no cluster. */
export class PlaceResult {
  private constructor();
  /** The tasks that were placed, in order, each with its instance. */
  readonly placements: readonly Placement[];
  /** Number of tasks that were placed. */
  readonly placed: number;
  /** Number of tasks that were asked for and not placed. */
  readonly rejected: number;
  /** Why the first task that was not placed went nowhere: how many instances gave each reason, in the words of ECS. */
  readonly reasons: ReadonlyMap<string, number>;
  /** ECS's answer: `tasks` and `failures`. */
  readonly response: PlaceResponse;
}

/** In `BulkResult.instance`: the request was not placed. 2^32 - 1. */
export const NOT_PLACED: 4294967295;

/** What became of each request of a list. */
export interface BulkResult {
  /** By request: the position of its instance in `cluster.instanceIds()`, as it was at the time; `NOT_PLACED` where it was not
   * placed. */
  readonly instance: Uint32Array;
  /** By request: the number of its task, which `stop` and `task` take; -1 where it was not placed. */
  readonly task: Float64Array;
  /** Number of requests that were placed. */
  readonly placed: number;
  /** Number of requests that were not. */
  readonly rejected: number;
}

/** A task by id, or by the number of the bulk lane. */
export type TaskName = string | number;

/** A check that an instance fails. `asked`, `used` and `available` are there where they are amounts. */
export interface Failure {
  readonly reason: string;
  readonly asked?: number | bigint;
  readonly used?: number | bigint;
  readonly available?: number | bigint;
  readonly detail?: string;
}

/** The key of an instance under one rule of the chain; the least wins. Absent where the rule draws. */
export interface ScoreTerm {
  readonly rule: string;
  readonly key?: number | bigint;
}

/** Why a task goes where it goes, or nowhere. */
export interface Explanation {
  /** Name of the task definition. */
  readonly definition: string;
  /** Task group. */
  readonly group: string;
  /** How many instances were left after each step. */
  readonly funnel: {
    readonly registered: number;
    readonly considered: number;
    readonly meetRequirements: number;
    readonly meetConstraints: number;
  };
  /** How many instances failed each reason first, in the order of checks. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** Every instance that fell away, with the first check it fails. */
  readonly rejected: readonly (Failure & { readonly arn: string })[];
  /** The instance that wins; absent where none does. */
  readonly winner?: {
    readonly arn: string;
    readonly score: readonly ScoreTerm[];
    /** Which rule told it from the next best. */
    readonly decidedBy: string;
    readonly runnerUp?: { readonly arn: string; readonly score: readonly ScoreTerm[] };
  };
  /** What came nearest, where nothing wins. */
  readonly nearestMiss?: { readonly arn: string; readonly text: string; readonly failures: readonly Failure[] };
  /** All of it in words. */
  readonly text: string;
}

/** What a part of an expression is. `invalid`: what begins nothing the language has. */
export type TokenKind =
  | "attribute"
  | "subject"
  | "operator"
  | "keyword"
  | "value"
  | "pattern"
  | "punctuation"
  | "invalid";

/** A part of an expression, for highlighting. Tokens stand in order and do not overlap; between them is white space. */
export interface Token extends Span {
  readonly kind: TokenKind;
}

/** A text to put in place of a part of an expression. */
export interface Suggestion {
  readonly text: string;
  readonly span: Span;
}

/** Something to tell the writer of an expression. */
export interface Diagnostic {
  /** `warning`: it asks for what no instance has, which is no reason not to compile it. Only `Cluster.diagnose` warns. */
  readonly severity: "error" | "warning";
  readonly code: ErrorCode | "expr.unknown_attribute" | "expr.unknown_value";
  readonly message: string;
  readonly span: Span;
  readonly help: string | undefined;
  /** What could stand there: texts, and `NAME`, `VALUE`, `PATTERN` or `LIST` for what is free. Empty where that is not the point. */
  readonly expected: readonly string[];
  /** Likely corrections, the likeliest first. */
  readonly suggestions: readonly Suggestion[];
}

/** An expression as an editor wants it. */
export interface Diagnosis {
  /** The canonical text; `undefined` where it does not compile. */
  readonly canonical: string | undefined;
  /** Names of the attributes it reads, sorted; empty where it does not compile. */
  readonly attributeNames: readonly string[];
  readonly tokens: readonly Token[];
  /** Errors in the order of the text, that of `compile` among them; then warnings. What is wrong with one predicate says nothing of another,
   * so each is told, one mistake a predicate; what is behind an error of syntax is not read, and nothing is warned of then. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What may be written at a place. */
export interface CompletionItem {
  /** To be put in place of `Completion.span`. */
  readonly text: string;
  readonly kind: "subject" | "attribute" | "operator" | "keyword" | "value";
  /** How many instances carry that attribute, or that value of it. */
  readonly count?: number;
}

/** What may be written at a place of an expression. */
export interface Completion {
  /** What is written there so far, up to the place. */
  readonly span: Span;
  /** What it may become, the best first. */
  readonly items: readonly CompletionItem[];
}

/** A cluster query, compiled. A value; it belongs to no cluster. */
export interface Expression {
  /** The canonical text: equal for equal queries. */
  readonly canonical: string;
  /** The text as it was given. */
  readonly source: string;
  /** Names of the attributes it reads, sorted. */
  readonly attributeNames: readonly string[];
}

/** An instance in the library's own words. */
export interface InstanceDescription {
  name: string;
  /** CPU units. */
  cpu: number;
  /** MiB. */
  memoryMib: number;
  zone?: string;
  /** Values by name, `null` where there is a name only; or names alone. */
  attributes?: Readonly<Record<string, string | null>> | readonly string[];
  /** Device ids. */
  gpus?: readonly string[];
  /** Amounts of declared custom resources. */
  custom?: Readonly<Record<string, number>>;
  /** Host ports that are taken. Default: those of the agent. */
  ports?: readonly number[];
  udpPorts?: readonly number[];
  eniTaskSlots?: number;
  ec2InstanceId?: string;
  capacityProvider?: string;
  agentVersion?: string;
  agentConnected?: boolean;
  status?: string;
}

/** Texts with few different values, each kept once. */
export interface TextColumn {
  /** By row: position in `words`, or -1 where there is none. */
  readonly codes: Int32Array;
  readonly words: readonly string[];
}

/** Amounts of every instance in one dimension. */
export interface AmountColumns {
  readonly registered: Int32Array;
  readonly remaining: Int32Array;
}

/** Every instance as columns, in registration order: copies, as they were when they were made. */
export interface InstanceColumns {
  readonly length: number;
  readonly id: readonly string[];
  readonly ec2InstanceId: readonly (string | null)[];
  readonly zone: TextColumn;
  readonly instanceType: TextColumn;
  readonly capacityProvider: TextColumn;
  readonly status: TextColumn;
  readonly agentVersion: TextColumn;
  /** 1 where it is. */
  readonly agentConnected: Uint8Array;
  /** Milliseconds after 1970; not-a-number where it is not known. */
  readonly registeredAt: Float64Array;
  readonly runningTasks: Int32Array;
  readonly cpu: AmountColumns;
  readonly memoryMib: AmountColumns;
  readonly gpus: AmountColumns;
  /** -1 where they are not counted. */
  readonly eniTaskSlots: AmountColumns;
  readonly hostPortsRemaining: Int32Array;
  /** By name of the resource. */
  readonly custom: ReadonlyMap<string, AmountColumns>;
}

/** Every task as columns, oldest first: copies, as they were when they were made. */
export interface TaskColumns {
  readonly length: number;
  readonly id: readonly string[];
  /** The number that `stop` and `task` take. */
  readonly number: Float64Array;
  /** Position of its instance. */
  readonly instance: Uint32Array;
  readonly group: TextColumn;
  readonly definition: TextColumn;
  readonly cpu: Float64Array;
  readonly memoryMib: Float64Array;
  /** Number of devices it has a part of. */
  readonly gpus: Int32Array;
  /** 1 where it is. */
  readonly isHealthy: Uint8Array;
  readonly isProtected: Uint8Array;
  readonly isStopping: Uint8Array;
}

/** Every attribute of every instance as columns, in registration order, then by name. */
export interface AttributeColumns {
  readonly length: number;
  /** Position of its instance. */
  readonly instance: Uint32Array;
  readonly name: TextColumn;
  /** -1 where there is a name only. */
  readonly value: TextColumn;
}

/** An attribute name with the values that instances have of it. */
export interface AttributeSummary {
  readonly name: string;
  /** How many instances carry it. */
  readonly count: number;
  /** Values with the number of instances that have them, the most frequent first; at most `valuesMax`. */
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** How many different values there are. */
  readonly valuesTotal: number;
}

/** A task that a packing has started. */
export interface PackedTask {
  readonly task: string;
  readonly instance: string;
  readonly request: number;
}

/** Sums over the instances of a cluster. */
export interface Usage {
  readonly instances: number;
  /** Instances that run a task. */
  readonly instancesUsed: number;
  readonly cpu: UsageSums;
  readonly memoryMib: UsageSums;
  /** Running tasks by zone, sorted. */
  readonly zones: ReadonlyMap<string, number>;
}

/** Sums over one resource. */
export interface UsageSums {
  readonly registered: number;
  readonly used: number;
  /** What is left on instances beyond the share that is left of the other resource. */
  readonly stranded: number;
}

/** A column that `Cluster.column` gives, or `custom:NAME` for a custom resource. */
export type ColumnName =
  | "cpu"
  | "memoryMib"
  | "gpus"
  | "eniTaskSlots"
  | "hostPorts"
  | "runningTasks"
  | `custom:${string}`
  | `registered:cpu`
  | `registered:memoryMib`
  | `registered:gpus`
  | `registered:eniTaskSlots`
  | `registered:custom:${string}`;

/** A cluster of container instances and the tasks on them. Free it, or leave it to the garbage collector. */
export class Cluster {
  /** An empty cluster. */
  constructor(options?: ClusterOptions);
  /** A cluster from what `aws ecs describe-container-instances` prints, its array alone, or an exported state. Beside
   * `containerInstances` there may be `tasks`, `taskDefinitions`, `xSubnets` and `xResources`. An exported state has its own
   * options. */
  static fromJson(document: Document, options?: ClusterOptions & Watched<undefined>): Cluster;

  /** Gives its memory back; every later call throws `not_found.handle`. Twice is no error. In the middle of a call of it, in a progress
   * callback, it throws `conflict.busy`, and the cluster is kept as it is. */
  free(): void;
  [Symbol.dispose](): void;
  /** Whether it can still be used: neither freed nor lost. */
  readonly isUsable: boolean;

  // Instances.

  /** Number of instances. */
  readonly size: number;
  /** Registers an instance; it comes after all others in registration order. The library's bounds hold, not those of ECS. */
  register(instance: InstanceDescription): void;
  /** Registers an instance from ECS's `ContainerInstance` object, within ECS's limits. */
  registerContainerInstance(document: Document): void;
  /** Declares a custom countable resource; at most 8. Not while a savepoint is open. */
  declareResource(name: string): void;
  /** Takes an instance out; with `force` its tasks end first. Gives their ids, oldest first. */
  deregister(instance: string, options?: { force?: boolean }): string[];
  /** Sets instances to DRAINING: no new tasks, and service tasks that are PENDING there end. */
  drain(instances: string | readonly string[]): void;
  /** Sets instances to ACTIVE. */
  activate(instances: string | readonly string[]): void;
  /** Gives an instance attributes, or other values for those it has. At most ten at once. */
  putAttributes(instance: string, attributes: Readonly<Record<string, string | null>> | readonly string[]): void;
  /** Takes attributes from an instance. */
  deleteAttributes(instance: string, names: string | readonly string[]): void;
  /** Says whether the agent of an instance is connected; without it no task can start there. */
  setAgentConnected(instance: string, connected: boolean): void;

  // Definitions and tasks.

  /** Registers a task definition, or describe output around one. Gives `family:revision`. */
  registerTaskDefinition(definition: Document): string;
  /** Names of the task definitions that can be placed, `family:revision`. */
  definitions(): string[];
  /** Adds tasks that already run, as `aws ecs describe-tasks` prints them. Not while a savepoint is open: they are facts, no attempt. */
  loadTasks(document: Document, options?: Watched<undefined>): void;
  /** Places tasks, one after another, each seeing those before; the first that finds no instance ends the call.
   *
   * `what` is the name of a task definition, a request in the shape of RunTask, or a prepared request (which takes no options but
   * `progress` and `signal`). The library's bounds hold, not those of RunTask; see `runTask`. That nothing was feasible is an
   * answer, no error. */
  place(what: Document | Request, options?: RequestOptions & Watched): PlaceResult;
  /** Makes a request ready, to be placed many times without being read again. */
  prepare(what: Document, options?: RequestOptions): Request;
  /** Makes a request ready for one task that takes so much, without a task definition: `name` stands in its place, in the default
   * group `family:NAME` and in exports. Strategies are those of ECS. */
  prepareTask(name: string, demand: TaskDemand, options?: Omit<RequestOptions, "count" | "allOrNothing">): Request;
  /** Places one task of a prepared request and gives its number, or -1 where it found no instance. Makes no objects: the fast
   * lane for one task. `lastInstance` says where it went. */
  placeOne(request: Request): number;
  /** Position of the instance of the last task that `placeOne` placed; `NOT_PLACED` where it found none. */
  readonly lastInstance: number;
  /** Places one task of each request, in order; one that finds no instance does not end the call. With `indices`, the request of
   * each task is `requests[index]`. */
  placeBulk(requests: readonly Request[], indices?: Uint32Array | readonly number[], options?: Watched): BulkResult;
  /** Carries a plan of `placewright/pack` out, every move or none; the ids that the moved tasks have now, in the order of the moves.
   * `services` are those it was made with: their constraints are looked at again. Of a plan of your own `moves` is enough. */
  applyPlan(plan: PlannedMoves, options?: { services?: readonly Service[] }): string[];
  /** The same, one move each time it is asked: `task` is the id that the moved one has now. */
  planSteps(plan: PlannedMoves, options?: { services?: readonly Service[] }): Generator<{ readonly move: Move; readonly task: string }, void>;
  /** Starts the tasks of an answer to these requests, of `packInto` of `placewright/pack`, all or none; `request` is the index of a
   * task's request. */
  applyPacking(answer: PackAnswer, requests: readonly Document[] | string | Uint8Array, options?: Watched): PackedTask[];
  /** Why the next task of a request would go where it goes, or why nowhere. Places nothing. */
  explain(what: Document | Request, options?: RequestOptions): Explanation;
  /** Stops tasks; all of them or, where one does not exist, none. */
  stop(tasks: TaskName | readonly TaskName[] | Float64Array): void;
  /** Says that a stopped task has ended and gives its resources back. Only with `release: "last"`. */
  finish(task: string): void;
  /** Stops up to `count` tasks of a group, chosen as a service scheduler would. Gives their ids in that order. */
  scaleIn(
    group: string,
    count: number,
    options?: { strategies?: Strategy | readonly Strategy[]; seed?: number | bigint | string },
  ): string[];

  // ECS's calls, within ECS's limits.

  /** RunTask: at most ten tasks; throws `cluster.no_instances` where no instance can be considered. */
  runTask(request: Document): PlaceResponse;
  /** StartTask: one task on each of one to ten named instances. */
  startTask(request: Document): PlaceResponse;
  /** CreateService: `desiredCount` more tasks of the group `service:NAME`. */
  createService(request: Document): PlaceResponse;
  /** ListContainerInstances: `filter`, `status`, `maxResults`, `nextToken`, each optional. */
  listContainerInstances(request?: Document): {
    readonly containerInstanceArns: readonly string[];
    readonly nextToken?: string;
  };

  // Looking.

  /** Ids of the instances that satisfy a cluster query, in registration order, whatever their status. */
  query(expression: string | Expression): string[];
  /** The same as positions in `instanceIds()`. */
  queryPositions(expression: string | Expression): Uint32Array;
  /** An expression as an editor wants it, with warnings about what no instance of this cluster has. Never throws for what is
   * wrong with the expression. */
  diagnose(expression: string): Diagnosis;
  /** What may be written at a place of an expression, names and values of attributes from this cluster. */
  complete(expression: string, position: number): Completion;
  /** An instance as an exported state writes it. */
  instance(instance: string): { readonly [key: string]: Json };
  /** A task as an exported state writes it. */
  task(task: TaskName): { readonly [key: string]: Json };
  /** Ids of the instances in registration order. */
  instanceIds(): string[];
  /** Ids of the tasks that count or still hold resources, oldest first. */
  taskIds(): string[];
  /** Every instance as columns. Cost: linear in the cluster. */
  instances(): InstanceColumns;
  /** Every task as columns. */
  tasks(): TaskColumns;
  /** Every attribute of every instance as columns. */
  attributes(): AttributeColumns;
  /** Attribute names with their values, by name. `valuesMax` per name, default 100. */
  attributeSummary(options?: { valuesMax?: number }): AttributeSummary[];
  /** What is left of a resource on every instance, in registration order (or, `registered:…`, what they have): a copy, or `into`,
   * which has to have the length of the cluster. `eniTaskSlots` is -1 where they are not counted. */
  column(name: ColumnName, into?: Int32Array): Int32Array;
  /** As `column`, without a copy: `use` is called with a view of the engine's memory, which is only good until it returns. */
  withColumn<T>(name: ColumnName, use: (view: Int32Array) => T): T;
  /** Sums over the instances. */
  usage(): Usage;
  /** Number of tasks that count. */
  readonly runningTasks: number;
  /** Number of tasks of a group that count. */
  runningTasksOf(group: string): number;
  /** Names of the declared custom resources. */
  customResources(): string[];
  /** Task definitions that documents brought and ECS would refuse. */
  refusedDefinitions(): { readonly name: string; readonly reason: string }[];
  /** What was accepted so far and is worth a second look. */
  warnings(): string[];
  /** Bytes the engine holds for it. */
  readonly memoryUsage: number;
  /** A number for the whole state, equal for equal states; what rolling back restores. 128 bits. */
  fingerprint(): bigint;
  /** The whole state as canonical JSON text, which `fromJson` reads. Savepoints and prepared requests are no part of it. */
  toJson(options?: Watched<undefined>): string;
  /** What `toJson` writes, as an object. */
  toObject(): { readonly [key: string]: Json };

  // What if.

  /** Calls `work` inside a savepoint: what it throws rolls back and is thrown on, else it commits. `work` may close the savepoint
   * itself. Not for a promise: `work` that gives one is rolled back and refused, and what becomes of the promise is not heard. */
  transaction<T>(work: (savepoint: Savepoint) => T & (T extends PromiseLike<unknown> ? never : unknown)): T;
  /** Opens a savepoint inside those that are open. */
  begin(): Savepoint;
  /** Goes back to a savepoint, by default the innermost, and closes it and those inside it. */
  rollback(savepoint?: Savepoint): void;
  /** Keeps what was done since a savepoint, by default the innermost, and closes it and those inside it. */
  commit(savepoint?: Savepoint): void;
  /** Number of open savepoints. */
  readonly savepoints: number;
  /** A cluster of its own with the same state; no savepoint is open in it, and prepared requests are not its. */
  copy(): Cluster;
}

/** A request made ready for one cluster. Free it, or leave it to the garbage collector. */
export class Request {
  private constructor();
  /** The cluster it was prepared for. */
  readonly cluster: Cluster;
  /** Name of the task definition, `family:revision`. */
  readonly definition: string;
  /** Task group. */
  readonly group: string;
  /** Number of tasks it asks for. */
  readonly count: number;
  /** Places its tasks; see `Cluster.place`. */
  place(options?: Watched): PlaceResult;
  /** Why its next task would go where it goes; see `Cluster.explain`. */
  explain(): Explanation;
  /** Lets go of it; every later use throws `not_found.handle`. Twice is no error. In the middle of a call of its cluster it throws
   * `conflict.busy` and is kept. */
  free(): void;
  [Symbol.dispose](): void;
}

/** A moment a cluster can go back to. Disposing of an open one rolls back. */
export class Savepoint {
  private constructor();
  /** Whether it can still be gone back to. */
  readonly isOpen: boolean;
  rollback(): void;
  commit(): void;
  [Symbol.dispose](): void;
}

/** Compiles a cluster query. Throws what is wrong with it, with the place. */
export function compile(expression: string): Expression;
/** An expression as an editor wants it, without a cluster. */
export function diagnose(expression: string): Diagnosis;
/** The tokens of an expression, for highlighting; of any text, also one that does not compile. */
export function tokens(expression: string): Token[];
/** Bytes of memory the engine has taken from the host. It is never given back, only used again. */
export function memorySize(): number;
/** The version of the package. */
export const version: string;
