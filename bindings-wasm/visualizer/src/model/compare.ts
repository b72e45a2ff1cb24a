// Two chains on the same arrivals: what each makes of the cluster, as it goes.

import type { Cluster, InstanceColumns, TaskColumns } from "../engine.ts";
import type { Arrivals } from "./arrivals.ts";
import { open } from "./open.ts";
import { type Pace, partOf, Slices } from "./pace.ts";
import type { Rules, Scenario } from "./scenario.ts";
import { optionsOf } from "./simulation.ts";
import { assemble, type Snapshot, skewOf } from "./snapshot.ts";

/** Most moments that are measured. */
const MOMENTS_MAX = 80;
/** Up to so many instances, what is left on each is kept for every moment; of larger clusters for the last one only. */
const KEPT_MAX = 20_000;

/** What is left on every instance. */
interface Left {
  readonly cpu: Int32Array;
  readonly memoryMib: Int32Array;
  readonly gpus: Int32Array;
}

/** The cluster after so many arrivals. */
export interface Moment {
  readonly arrived: number;
  readonly placed: number;
  readonly instancesUsed: number;
  /** Share of the capacity that is stranded: left, but beyond what is left of the other resource. The larger of CPU and memory. */
  readonly stranded: number;
  /** Running tasks of the fullest zone less those of the emptiest. */
  readonly skew: number;
  /** Tasks of the cluster, those that ran before included. */
  readonly tasks: number;
  readonly left: Left | undefined;
}

/** What a chain made of the arrivals. */
export interface Run {
  readonly moments: readonly Moment[];
  readonly placed: number;
  readonly rejected: number;
  readonly instances: InstanceColumns;
  readonly tasks: TaskColumns;
}

/** Places every arrival under each of two rules, from the beginning of a scenario. One that finds no place does not end it. */
export async function runs(
  scenario: Pick<Scenario, "source" | "definitions">,
  arrivals: Arrivals,
  rules: readonly [Rules, Rules],
  pace: Pace,
): Promise<[Run, Run]> {
  const { cluster } = await open(scenario.source, partOf(pace, 0, 3));
  try {
    for (const definition of scenario.definitions) cluster.registerTaskDefinition(definition);
    const start = cluster.begin();
    const one = await run(cluster, arrivals, rules[0], partOf(pace, 1, 3));
    start.rollback();
    return [one, await run(cluster, arrivals, rules[1], partOf(pace, 2, 3))];
  } finally {
    cluster.free();
  }
}

async function run(cluster: Cluster, arrivals: Arrivals, rules: Rules, pace: Pace): Promise<Run> {
  const requests = arrivals.definitions.map((name) => cluster.prepare(name, optionsOf(rules, 1, arrivals.group)));
  try {
    const { sequence } = arrivals;
    const zones = cluster.instances().zone.words;
    const moments = [moment(cluster, zones, 0, 0)];
    let placed = 0;
    const slices = new Slices();
    for (let from = 0, at = 1; from < sequence.length; at += 1) {
      const to = Math.ceil((sequence.length * at) / Math.min(MOMENTS_MAX, sequence.length));
      while (from < to) {
        const size = slices.next(to - from);
        placed += cluster.placeBulk(requests, sequence.subarray(from, from + size)).placed;
        from += size;
        slices.done();
        await pace(from, sequence.length);
      }
      moments.push(moment(cluster, zones, to, placed));
      await pace(from, sequence.length);
    }
    const [instances, tasks] = [cluster.instances(), cluster.tasks()];
    return { moments, placed, rejected: sequence.length - placed, instances, tasks };
  } finally {
    for (const request of requests) request.free();
  }
}

/** Columns of what is left, unless that is too much to keep. */
function left(cluster: Cluster): Left | undefined {
  if (cluster.size > KEPT_MAX) return undefined;
  return { cpu: cluster.column("cpu"), memoryMib: cluster.column("memoryMib"), gpus: cluster.column("gpus") };
}

function moment(cluster: Cluster, zones: readonly string[], arrived: number, placed: number): Moment {
  const { instancesUsed, cpu, memoryMib, zones: tasks } = cluster.usage();
  const share = ({ stranded, registered }: { stranded: number; registered: number }) =>
    registered === 0 ? 0 : stranded / registered;
  return {
    arrived,
    placed,
    instancesUsed,
    stranded: Math.max(share(cpu), share(memoryMib)),
    skew: skewOf(zones, tasks),
    tasks: cluster.runningTasks,
    left: left(cluster),
  };
}

/** A run's cluster as it was at a moment, to draw; as it was at the end where that was not kept. */
export function pictureOf({ instances, tasks, moments }: Run, at: number): Snapshot {
  const seen = moments[at];
  if (seen?.left === undefined) return assemble(instances, tasks);
  const { cpu, memoryMib, gpus } = seen.left;
  const then = {
    ...instances,
    cpu: { ...instances.cpu, remaining: cpu },
    memoryMib: { ...instances.memoryMib, remaining: memoryMib },
    gpus: { ...instances.gpus, remaining: gpus },
  };
  // Nothing ends in a run, so the tasks of a moment are the first ones.
  const length = Math.min(tasks.length, seen.tasks);
  const early = { ...tasks, length, instance: tasks.instance.subarray(0, length) };
  return assemble(then, early);
}
