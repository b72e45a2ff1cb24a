/// <reference lib="esnext.disposable" />

import type { Cluster, ClusterOptions, Document, Request, RequestOptions, Savepoint, Watched } from "./index.js";

export { PlacewrightError, PlaceResult } from "./index.js";

/** A thing that stays in the worker in place of one that stays in the module. */
type Sent<T> = T extends Request ? RemoteRequest : T extends Savepoint ? RemoteSavepoint : T;
/** The type of an argument with every handle in it replaced; a union as a whole. */
type SentArgument<T> = T extends readonly Request[] ? readonly RemoteRequest[] : T extends Request | Savepoint ? Sent<T> : T;
type SentArguments<A extends readonly unknown[]> = { [K in keyof A]: SentArgument<A[K]> };

/** Methods of a cluster that make no sense across threads, or are made anew below. */
type Excluded =
  | "free"
  | typeof Symbol.dispose
  | "isUsable"
  | "placeOne"
  | "lastInstance"
  | "withColumn"
  | "transaction"
  | "planSteps"
  | "prepare"
  | "begin"
  | "copy";

/** A class with every method a promise, and every property a method. */
type Promised<T> = {
  readonly [K in Exclude<keyof T, Excluded>]: T[K] extends (...args: infer A) => infer R
    ? (...args: SentArguments<A>) => Promise<R>
    : () => Promise<T[K]>;
};

/** A cluster in a worker: the methods of `Cluster`, each a promise; properties are methods. `progress` is told of, and `signal`
 * heard, while the call goes on. An aborted signal takes everything back and its reason is thrown. Where there is no
 * `SharedArrayBuffer` to tell the worker by (pages that are not cross-origin isolated), a call that goes on longer than a quarter of a
 * second is cancelled by ending the worker: its clusters are lost, start another. What `progress` throws does not stop the call, but
 * is thrown in place of its result. */
export interface RemoteCluster extends Promised<Cluster> {
  prepare(what: Document, options?: RequestOptions): Promise<RemoteRequest>;
  begin(): Promise<RemoteSavepoint>;
  copy(): Promise<RemoteCluster>;
  /** Lets go of it. */
  free(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A prepared request in a worker, for `place`, `placeBulk` and `explain`. */
export interface RemoteRequest {
  readonly definition: string;
  readonly group: string;
  readonly count: number;
  /** Lets go of it. */
  free(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A moment a cluster in a worker can go back to. Disposing of an open one rolls back. */
export interface RemoteSavepoint {
  isOpen(): Promise<boolean>;
  rollback(): Promise<void>;
  commit(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A worker with clusters in it; made by `start`. */
export class PlacewrightWorker {
  private constructor();
  /** Whether it can still be used. */
  readonly isUsable: boolean;
  /** An empty cluster. */
  cluster(options?: ClusterOptions): Promise<RemoteCluster>;
  /** See `Cluster.fromJson`. */
  fromJson(document: Document, options?: ClusterOptions & Watched<undefined>): Promise<RemoteCluster>;
  /** Ends it, at once: calls that go on throw `call.cancelled`, later ones `internal.lost`. */
  terminate(): void;
  [Symbol.dispose](): void;
}

/** Starts a worker: a Web Worker, or a worker thread of Node, which keeps the process alive until it is terminated. Rejects
 * where its module is not loaded, as `init` does. */
export function start(): Promise<PlacewrightWorker>;
