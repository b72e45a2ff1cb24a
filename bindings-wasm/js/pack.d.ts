// Entry `placewright/pack`, by hand: what to put where, what to buy and what to move. The module is a file of its own.
//
// Amounts are integers in units of your own, the same in items and bins; costs have at most six decimals. Meaning, solvers and bounds
// are in the repository's `core/docs/packing.md`, `fleet.md` and `rearrange.md`. Every failure is a `PlacewrightError`, except that
// what your own code throws (a getter, a progress callback, an aborted signal's reason) comes back as it is.

import type { Document } from "./index.js";

export { PlacewrightError, version } from "./index.js";

/** An integer; one above 2^53 as a `bigint`, or exact text where a document is text. */
type Integer = number | bigint;

/** Solvers; `auto` runs those that suit the problem, cheapest first. */
export type Solver =
  | "auto"
  | "first-fit"
  | "best-fit"
  | "dot-product"
  | "l2"
  | "fill"
  | "column"
  | "local-search"
  | "purchase";

/** Which lower bound holds: the name of what it counts, or `none` before there is one. */
export type BoundName = "none" | "volume" | "l2" | "dual-feasible" | "conflict" | "column" | (string & {});

/** What is to be packed. */
export interface Item {
  /** Default: empty. */
  id?: string | Integer;
  /** By dimension. */
  demand: readonly Integer[];
  /** Default 1. */
  count?: Integer;
  /** Whose rules hold for it; default: its id, where it needs one. */
  group?: string;
  /** Expressions about attributes of the bin type. */
  memberOf?: string | readonly string[];
  /** At most one of its group in a bin. */
  distinctInstance?: boolean;
  /** Static host ports. */
  tcpPorts?: readonly number[];
  udpPorts?: readonly number[];
  /** Whether it needs a network interface. */
  eni?: boolean;
  /** Whole GPUs, or all of the bin's. */
  gpus?: number | "all";
  /** Thousandths of one GPU that is shared. */
  gpuShare?: number;
}

/** What is packed into: a type of bins, or one that is there. */
export interface BinType {
  id: string | Integer;
  /** By dimension. */
  capacity: readonly Integer[];
  /** At most six decimals; default 1, but an offer must have one, and what runs already costs nothing. */
  cost?: number;
  /** How many there are; default: any number. */
  limit?: Integer | null;
  attributes?: Readonly<Record<string, string | null>>;
  /** How many GPUs, or the thousandths left of each. */
  gpus?: number | readonly number[];
  /** Network interfaces left; default: any number. */
  eniSlots?: number | null;
  /** Host ports that are taken. */
  tcpPorts?: readonly number[];
  udpPorts?: readonly number[];
  /** Tasks of groups in each of them already; needs a `limit`. */
  running?: Readonly<Record<string, number>>;
}

/** Rules of a group. */
export interface GroupRule {
  group: string;
  perBinMax?: number;
  /** Groups that no bin shares with it. */
  apartFrom?: readonly string[];
  /** Even over the values of an attribute, by default zones, within a skew, by default 1. */
  spread?: { attribute?: string; skewMax?: Integer };
}

/** How to solve. */
export interface SolveOptions {
  solver?: Solver;
  /** Of the draws; default 0. */
  seed?: Integer;
  /** Most steps: the same answer on every platform. Default: some tenths of a second; with `milliseconds`, none. */
  steps?: Integer | null;
  /** Most time, measured here. */
  milliseconds?: Integer | null;
  /** `lp` works out the bound of a linear program, too. Default `fast`. */
  bound?: "fast" | "lp";
}

/** Bins of an answer that are filled alike. */
export interface PackedBins {
  /** The id of the bin type. */
  readonly type: string;
  /** How many there are. */
  readonly count: number;
  /** Index of an item in the problem, and how many of it are in each of them. */
  readonly items: readonly (readonly [item: number, number: number])[];
}

/** A problem. */
export interface PackProblem {
  dimensions: readonly string[];
  items: readonly Item[];
  bins: readonly BinType[];
  groups?: readonly GroupRule[];
  options?: SolveOptions;
  /** A packing to start from; one that breaks a rule is left out. */
  start?: readonly PackedBins[];
}

/** Items that are in no bin. */
export interface Unpacked {
  /** Index in the problem. */
  readonly item: number;
  readonly id: string;
  readonly count: number;
  /** For a person to read. */
  readonly reason: string;
}

/** What packing came to: what the command `placewright pack` writes. */
export interface PackAnswer {
  /** Cost of all bins. */
  readonly value: number;
  /** What any packing of these items costs at least; holds in exact integers. */
  readonly lowerBound: number;
  readonly boundName: BoundName;
  /** (value − lowerBound) / value; 0 where the value is 0. */
  readonly gap: number;
  /** Everything that some type can hold is packed, and nothing can cost less. */
  readonly optimal: boolean;
  /** Who found it. */
  readonly solver: Exclude<Solver, "auto"> | "warm-start" | "none" | (string & {});
  readonly steps: number;
  readonly milliseconds: number;
  readonly bins: readonly PackedBins[];
  readonly unpacked: readonly Unpacked[];
}

/** What a fleet is to be beside a packing. */
export interface FleetRules {
  /** Of each new instance, what stays free: 0 to 99 percent. */
  headroomPercent?: number;
  /** What each new instance gives to what runs everywhere, by dimension. */
  daemon?: readonly Integer[];
  /** Zones that offers without one may be had in. */
  zones?: readonly string[];
  /** How many zones instances have to be in. */
  zonesMin?: number;
  /** Today's fleet, to compare with. */
  current?: readonly { type: string; count?: Integer }[];
}

/** A mix of tasks to buy for. */
export interface FleetMix {
  dimensions: readonly string[];
  items: readonly Item[];
  groups?: readonly GroupRule[];
  options?: SolveOptions;
  /** Instances that run already: by default one of each, which costs nothing. */
  bins?: readonly BinType[];
  /** Offers: types with prices. Here or beside the mix. */
  catalogue?: readonly BinType[];
  fleet?: FleetRules;
}

/** Instances of a plan. */
export interface FleetBins extends PackedBins {
  /** The offer; null for one that runs already. */
  readonly offer: string | null;
  readonly zone: string | null;
  /** Of one of them. */
  readonly cost: number;
}

/** What else could be had. */
export interface Alternative {
  readonly name: "single-type" | "current" | (string & {});
  readonly type: string | null;
  readonly cost: number;
  readonly instances: number;
  /** Items it has no room for. */
  readonly missing: number;
}

/** What a dimension comes to over all instances. */
export interface Room {
  readonly dimension: string;
  readonly capacity: number;
  readonly used: number;
  readonly left: number;
  /** Left where no item of the mix fits any more. */
  readonly stranded: number;
}

/** What to buy: what the command `placewright fleet` writes. */
export interface FleetPlan extends PackAnswer {
  readonly bins: readonly FleetBins[];
  readonly cost: number;
  readonly alternatives: readonly Alternative[];
  readonly rooms: readonly Room[];
  /** With today's fleet: how many of each offer to have instead. */
  readonly changes: readonly { readonly type: string; readonly from: number; readonly to: number }[];
  readonly zones: readonly string[];
  /** Fewer zones than asked for. */
  readonly shortOfZones: boolean;
}

/** What a service has its tasks placed under, as describe-services has it. */
export interface Service {
  /** Its tasks are the group `service:<serviceName>`. */
  serviceName?: string;
  /** A group in place of that. */
  group?: string;
  placementConstraints?: readonly { type: string; expression?: string }[];
  [key: string]: unknown;
}

/** What to rearrange for. */
export interface RearrangeOptions {
  /** As few instances in use as possible (default), or groups even over domains. */
  goal?: "empty" | "spread";
  /** For `spread`: one group instead of all. */
  group?: string;
  /** Whose values are the domains; default: zones. */
  attribute?: string;
  /** Most moves; default: any number. */
  moves?: number;
  movesPerGroup?: number;
  /** Stop a task before it starts elsewhere. Default: after. */
  stopFirst?: boolean;
  /** How far apart two domains may get; default 1; null: they are not looked at. */
  skewMax?: Integer | null;
  steps?: Integer;
  milliseconds?: number | null;
  /** Services with their constraints, which a cluster does not know. */
  services?: readonly Service[];
  /** Groups whose tasks stay. */
  pinned?: readonly string[];
}

/** One task goes from one instance to another. */
export interface Move {
  /** Its id before the plan. No task moves twice. */
  readonly task: string;
  readonly group: string;
  readonly taskDefinition: string;
  readonly from: string;
  readonly to: string;
}

/** How a cluster is. */
export interface Score {
  /** With tasks. */
  readonly instances: number;
  /** Left on these. */
  readonly cpuLeft: number;
  readonly memoryLeft: number;
  readonly gpusLeft: number;
  /** Largest difference of a group between two domains, and the sum over groups. */
  readonly skewMax: number;
  readonly skewSum: number;
}

/** Moves that `Cluster.applyPlan` carries out. */
export interface PlannedMoves {
  /** In order: each is possible when its turn comes. */
  readonly moves: readonly Move[];
  /** Whether a task stops before it starts elsewhere. Default: no. */
  readonly stopFirst?: boolean;
}

/** What to move: what the command `placewright rearrange` writes. `Cluster.applyPlan` carries it out. */
export interface RearrangePlan extends PlannedMoves {
  readonly goal: "empty" | "spread";
  readonly stopFirst: boolean;
  /** Instances that had tasks and have none after it. */
  readonly emptied: readonly string[];
  readonly before: Score;
  readonly after: Score;
  readonly steps: number;
  /** Steps or time were used up, or it was stopped: there may be more to be had. */
  readonly cutShort: boolean;
}

/** Where packing stands. */
export interface PackProgress {
  /** Cost of the best packing so far. */
  readonly value: number | undefined;
  /** Items that it leaves out. */
  readonly missing: number;
  /** Best bound so far; 0 before there is one. */
  readonly lowerBound: number;
  readonly boundName: BoundName;
  readonly gap: number | undefined;
  /** At work. */
  readonly solver: string;
  readonly steps: number;
  readonly milliseconds: number;
}

/** Where rearranging stands. */
export interface RearrangeProgress {
  readonly moves: number;
  readonly steps: number;
  readonly milliseconds: number;
}

/** For calls that may take long. */
export interface WatchedBy<Progress> {
  /** Told every 20 ms, and a last time of what is answered. `false` stops the work: the answer is the best so far then. What it
   * throws is thrown on. */
  progress?: (progress: Progress) => boolean | void;
  /** An aborted one stops the work, and its reason is thrown. On a single thread only `progress` can abort it. */
  signal?: AbortSignal;
}

/** Options of `pack` and `packInto`. They go to the document's own; the same in both is an error. */
export interface PackOptions extends SolveOptions, WatchedBy<PackProgress> {
  /** The `bins` of an answer, to start from. */
  start?: readonly PackedBins[];
}

/** Options of `fleet`; likewise. */
export interface FleetOptions extends SolveOptions, FleetRules, WatchedBy<PackProgress> {}

/** A cluster as a document: describe output with its tasks and task definitions, the array of instances alone, or what `toJson` of
 * a `Cluster` gives; or what has that method. */
export type ClusterDocument = Document | { toJson(): string };

/** Packs items into few or cheap bins. */
export function pack(problem: PackProblem | string | Uint8Array, options?: PackOptions): PackAnswer;

/** Plans which instances to buy for a mix of tasks. The catalogue is an array of offers, or in the mix. */
export function fleet(
  mix: FleetMix | string | Uint8Array,
  catalogue?: readonly BinType[] | string | Uint8Array,
  options?: FleetOptions,
): FleetPlan;

/** Plans moves in a cluster, which stays as it is. */
export function rearrange(cluster: ClusterDocument, options?: RearrangeOptions & WatchedBy<RearrangeProgress>): RearrangePlan;

/** Packs the tasks of requests, in the shape of RunTask with any count, into what is left of a cluster, as a set: the order of the
 * requests does not matter. A bin's `type` is the id of an instance, its items are indices of requests. An idle instance costs 1,
 * one with tasks nothing. `Cluster.applyPacking` starts them. */
export function packInto(cluster: ClusterDocument, requests: readonly Document[] | string | Uint8Array, options?: PackOptions): PackAnswer;
