// Plans: packings, fleets and moves, made by the second module in a worker while the page goes on; the one that is shown in place of
// the cluster, and what becomes of it.

import { effect, signal } from "@preact/signals";
import { comparison } from "./comparison.ts";
import { type FleetPlan, inWords, type PackAnswer, type PackProgress, type RearrangePlan } from "./engine.ts";
import { group, type Section } from "./model/grouping.ts";
import type { PlanDraft } from "./model/plan.ts";
import { anewProblem, fleetProblem, type Problem, packProblem, rearrangeOptions } from "./model/problem.ts";
import { realise } from "./model/realise.ts";
import type { Simulation } from "./model/simulation.ts";
import { type Snapshot, take } from "./model/snapshot.ts";
import { abandon, packer } from "./plan/engine.ts";
import { act, actAll, attemptLong, look, notice, openSource, planned, simulation, snapshot, tab } from "./state.ts";

/** What is planned. */
export type Kind = Exclude<PlanDraft["shown"], "">;

/** A moment of a search. */
export interface Point {
  readonly millis: number;
  /** Of the best answer so far; of moves, how many. */
  readonly value: number | undefined;
  readonly bound: number;
}

/** A search that goes on. */
export interface Job {
  readonly kind: Kind;
  readonly points: readonly Point[];
  /** Ends it without an answer. */
  readonly stop: () => void;
  /** Ends it with the best answer so far, where the page can tell the worker so. */
  readonly keep: (() => void) | undefined;
}

interface Shown {
  readonly points: readonly Point[];
  /** The cluster that the plan makes; undefined where it is too much to be shown. */
  readonly picture: Snapshot | undefined;
  readonly sections: readonly Section[];
}

/** A packing, and the state of the cluster that it is. */
export interface Packed extends Shown {
  readonly kind: "pack" | "fleet";
  readonly answer: PackAnswer | FleetPlan;
  readonly problem: Problem;
  readonly state: string | undefined;
  /** What the engine would not start where the answer has it. */
  readonly refused: readonly string[];
}

/** Moves, and how few instances could do. */
export interface Rearranged extends Shown {
  readonly kind: "rearrange";
  readonly answer: RearrangePlan;
  readonly anew: PackAnswer | undefined;
  /** How many moves it may have at most. */
  readonly asked: number;
  /** How many moves were made. */
  readonly made: number;
}

export const job = signal<Job | undefined>(undefined);
export const plan = signal<Packed | Rearranged | undefined>(undefined);

/** Most points that are kept. */
const POINTS_MAX = 240;

// Another cluster ends what was planned for the last one; a scenario that shows a plan has it made.
effect(() => {
  const current = simulation.value;
  job.peek()?.stop();
  plan.value = undefined;
  const { shown } = planned.peek();
  if (current === undefined || shown === "") return;
  queueMicrotask(() => {
    tab.value = shown;
    make(shown);
  });
});
// A comparison takes the place of a plan.
effect(() => {
  if (comparison.value !== undefined) close();
});

/** Changes what is asked for. */
export function change(part: Partial<PlanDraft>): void {
  planned.value = { ...planned.value, ...part };
}

/** Takes the plan out of sight. */
export function close(): void {
  plan.value = undefined;
  if (planned.peek().shown !== "") planned.value = { ...planned.peek(), shown: "" };
}

/** The document that a plan is made of, as the command-line tool reads it. Throws where what is asked for makes none. */
export function documentOf(kind: "pack" | "fleet", current: Simulation): Problem {
  const log = current.steps.map(({ action }) => action);
  const asked = { cluster: current.cluster, log, draft: planned.value };
  return kind === "pack" ? packProblem(asked) : fleetProblem(asked);
}

/** Makes a plan and shows it. */
export async function make(kind: Kind): Promise<void> {
  job.value?.stop();
  close();
  comparison.value = undefined;
  const made = kind === "rearrange" ? await rearrange() : await pack(kind);
  if (made === undefined) return;
  plan.value = made;
  planned.value = { ...planned.value, shown: kind };
}

/** What `search` gives, with the moments it told of; nothing where it was stopped or failed, which is told. */
async function searched<T>(
  kind: Kind,
  search: (watched: { signal: AbortSignal; tell: (point: Point) => boolean }) => Promise<T>,
): Promise<{ answer: T; points: readonly Point[] } | undefined> {
  const controller = new AbortController();
  let isKept = false;
  let points: Point[] = [];
  let mine: Job | undefined;
  const stop = () => {
    controller.abort();
    abandon();
  };
  const show = (keep: Job["keep"]) => {
    if (mine !== undefined && job.peek() !== mine) return;
    mine = { kind, points, stop, keep };
    job.value = mine;
  };
  try {
    show(undefined);
    const { canStop } = await packer();
    const keep = canStop
      ? () => {
          isKept = true;
        }
      : undefined;
    controller.signal.throwIfAborted();
    const answer = await search({
      signal: controller.signal,
      tell: (point) => {
        // Of many, every second one says as much.
        if (points.length >= POINTS_MAX) points = points.filter((_, at) => at % 2 === 0);
        points = [...points, point];
        show(keep);
        return !isKept;
      },
    });
    return { answer, points };
  } catch (error) {
    if (!controller.signal.aborted) notice.value = { kind: "error", text: inWords(error) };
    return undefined;
  } finally {
    if (job.peek() === mine) job.value = undefined;
  }
}

/** Reads something from the cluster when its turn has come. */
async function read<T>(work: (current: Simulation) => T): Promise<T | undefined> {
  let result: T | undefined;
  await attemptLong("Reading the cluster", () => {
    const current = simulation.value;
    if (current !== undefined) result = work(current);
  });
  return result;
}

async function pack(kind: "pack" | "fleet"): Promise<Packed | undefined> {
  const problem = await read((current) => documentOf(kind, current));
  if (problem === undefined) return undefined;
  const found = await searched<PackAnswer | FleetPlan>(kind, async ({ signal, tell }) => {
    const worker = await packer();
    const progress = ({ milliseconds, value, lowerBound, missing }: PackProgress) =>
      // Before everything is packed a value says nothing.
      tell({ millis: milliseconds, value: missing > 0 ? undefined : value, bound: lowerBound });
    return kind === "pack"
      ? worker.pack(problem.document, { progress, signal })
      : worker.fleet(problem.document, undefined, { progress, signal });
  });
  if (found === undefined) return undefined;
  const { answer } = found;
  const last = { millis: answer.milliseconds, value: answer.value, bound: answer.lowerBound };
  return read(() => {
    const points = [...found.points, last];
    const made = realise(answer.bins, problem.wanted, problem.types);
    if (made === undefined) {
      return { kind, answer, problem, state: undefined, refused: [], picture: undefined, sections: [], points };
    }
    const { cluster, refused } = made;
    try {
      const picture = take(cluster, snapshot.peek()?.groups);
      const by = kind === "fleet" && (answer as FleetPlan).zones.length > 0 ? "ecs.availability-zone" : "ecs.instance-type";
      const sections = group(cluster, picture, by);
      return { kind, answer, problem, state: cluster.toJson(), refused, picture, sections, points };
    } finally {
      cluster.free();
    }
  });
}

async function rearrange(): Promise<Rearranged | undefined> {
  const asked = await read((current) => {
    const log = current.steps.map(({ action }) => action);
    const options = rearrangeOptions({ log, draft: planned.value });
    const anew = options.goal === "empty" ? anewProblem({ cluster: current.cluster, log, draft: planned.value }) : undefined;
    return { state: current.cluster.toJson(), fingerprint: current.cluster.fingerprint(), options, anew };
  });
  if (asked === undefined) return undefined;
  const found = await searched("rearrange", async ({ signal, tell }) => {
    const worker = await packer();
    const progress = ({ milliseconds, moves }: { milliseconds: number; moves: number }) =>
      tell({ millis: milliseconds, value: moves, bound: asked.options.moves });
    const answer = await worker.rearrange(asked.state, { ...asked.options, progress, signal });
    return { answer, anew: asked.anew === undefined ? undefined : await worker.pack(asked.anew, { signal }) };
  });
  if (found === undefined) return undefined;
  const { answer, anew } = found.answer;
  return read((current) => {
    if (current.cluster.fingerprint() !== asked.fingerprint) throw new Error("the cluster has changed meanwhile; ask again");
    const picture = current.preview(answer.moves, answer.stopFirst, snapshot.peek()?.groups ?? []);
    const sections = group(current.cluster, picture, look.value.groupBy);
    return { kind: "rearrange", answer, anew, asked: asked.options.moves, made: 0, picture, sections, points: found.points };
  });
}

/** Opens a packing as a scenario. */
export async function adopt({ kind, state, answer }: Packed): Promise<boolean> {
  if (state === undefined) return false;
  const by = kind === "fleet" && (answer as FleetPlan).zones.length > 0 ? "ecs.availability-zone" : "ecs.instance-type";
  return attemptLong("Opening the plan", (pace) =>
    openSource({ kind: "files", files: [{ name: `${kind}.json`, text: state }] }, pace, by),
  );
}

/** Makes moves of a plan, the next one or all that are left, each a step that can be undone. */
export async function carryOut(shown: Rearranged, isAll: boolean): Promise<void> {
  const { answer, made } = shown;
  const left = answer.moves.slice(made, isAll ? undefined : made + 1);
  const actions = left.map(({ task, from, to }) => ({ kind: "move", task, from, to, stopFirst: answer.stopFirst }) as const);
  const [first] = actions;
  if (first === undefined) return;
  const isDone = await (isAll ? actAll("Moving tasks", actions) : act(first));
  if (!isDone || plan.value !== shown) return;
  if (made + left.length === answer.moves.length) close();
  else plan.value = { ...shown, made: made + left.length };
}
