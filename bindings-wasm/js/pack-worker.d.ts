/// <reference lib="esnext.disposable" />

import type { Document } from "./index.js";
import type {
  BinType,
  ClusterDocument,
  FleetMix,
  FleetOptions,
  FleetPlan,
  PackAnswer,
  PackOptions,
  PackProblem,
  RearrangeOptions,
  RearrangePlan,
  RearrangeProgress,
  WatchedBy,
} from "./pack.js";

export { PlacewrightError } from "./index.js";

/** A cluster as a document, or what writes one, also a cluster in another worker. */
type Cluster = ClusterDocument | { toJson(): Promise<string> };

/** A worker that packs; made by `start`. Its calls are those of `placewright/pack`, each a promise, answered in order. `progress` is
 * told of, and `signal` heard, while a call goes on. Where there is no `SharedArrayBuffer` to tell the worker by (pages that are not
 * cross-origin isolated), a call that goes on longer than a quarter of a second is cancelled by ending the worker: start another;
 * and that `progress` gives `false` is not heard: give `milliseconds`. What `progress` throws stops the call where it can be told to,
 * and is thrown in place of its result. */
export class PackWorker {
  private constructor();
  /** Whether it can still be used. */
  readonly isUsable: boolean;
  /** Whether a call stops, with the best so far, when `progress` gives `false`. */
  readonly canStop: boolean;
  pack(problem: PackProblem | string | Uint8Array, options?: PackOptions): Promise<PackAnswer>;
  fleet(
    mix: FleetMix | string | Uint8Array,
    catalogue?: readonly BinType[] | string | Uint8Array,
    options?: FleetOptions,
  ): Promise<FleetPlan>;
  rearrange(cluster: Cluster, options?: RearrangeOptions & WatchedBy<RearrangeProgress>): Promise<RearrangePlan>;
  packInto(cluster: Cluster, requests: readonly Document[] | string | Uint8Array, options?: PackOptions): Promise<PackAnswer>;
  /** Ends it, at once: calls that go on throw `call.cancelled`, later ones `internal.lost`. */
  terminate(): void;
  [Symbol.dispose](): void;
}

/** Starts a worker: a Web Worker, or a worker thread of Node, which keeps the process alive until it is terminated. Rejects
 * where its module is not loaded, as `init` does. */
export function start(): Promise<PackWorker>;
