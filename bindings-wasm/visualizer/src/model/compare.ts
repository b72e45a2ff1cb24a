// Two chains on the same arrivals: what each makes of the cluster, as it goes.

import type { Cluster, InstanceColumns, TaskColumns } from "../engine.ts";
import type { Arrivals } from "./arrivals.ts";
import { open } from "./open.ts";
import type { Rules, Scenario } from "./scenario.ts";
import { optionsOf } from "./simulation.ts";
import { assemble, type Snapshot } from "./snapshot.ts";

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
  readonly millis: number;
  readonly instances: InstanceColumns;
  readonly tasks: TaskColumns;
}

/** Places every arrival under these rules, from the beginning of a scenario. One that finds no place does not end it. */
export function run(scenario: Pick<Scenario, "source" | "definitions">, arrivals: Arrivals, rules: Rules): Run {
  const { cluster } = open(scenario.source);
  try {
    for (const definition of scenario.definitions) cluster.registerTaskDefinition(definition);
    const requests = arrivals.definitions.map((name) => cluster.prepare(name, optionsOf(rules, 1, arrivals.group)));
    const { sequence } = arrivals;
    const zones = cluster.instances().zone.words;
    const moments = [moment(cluster, zones, 0, 0)];
    let [placed, millis] = [0, 0];
    for (let from = 0, at = 1; from < sequence.length; at += 1) {
      const to = Math.ceil((sequence.length * at) / Math.min(MOMENTS_MAX, sequence.length));
      const start = performance.now();
      placed += cluster.placeBulk(requests, Uint32Array.from(sequence.subarray(from, to))).placed;
      millis += performance.now() - start;
      moments.push(moment(cluster, zones, to, placed));
      from = to;
    }
    const [instances, tasks] = [cluster.instances(), cluster.tasks()];
    return { moments, placed, rejected: sequence.length - placed, millis, instances, tasks };
  } finally {
    cluster.free();
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
  const counts = zones.map((zone) => tasks.get(zone) ?? 0);
  const skew = counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts);
  return {
    arrived,
    placed,
    instancesUsed,
    stranded: Math.max(share(cpu), share(memoryMib)),
    skew,
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
