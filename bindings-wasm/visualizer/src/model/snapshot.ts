// A cluster as arrays to draw from: amounts by instance, and what tasks of which group hold of them.

import type { Cluster, InstanceColumns, TaskColumns } from "../engine.ts";

/** Amounts of one resource. */
export interface Resource {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly registered: Int32Array;
  readonly remaining: Int32Array;
  /** By task, in the order of `Snapshot.order`. */
  readonly held: Float64Array;
  /** The largest registered amount. */
  readonly most: number;
}

/** The arrays. */
export interface Snapshot {
  readonly size: number;
  readonly instances: InstanceColumns;
  readonly tasks: TaskColumns;
  readonly resources: readonly Resource[];
  /** Tasks of instance i are those from `start[i]` to `start[i + 1]` of `order`, equal groups beside each other. */
  readonly start: Uint32Array;
  readonly order: Uint32Array;
  /** Task groups, those known before first, then in the order of their first task; some may have no tasks any more. */
  readonly groups: readonly string[];
  /** By task, in the order of `order`: position of its group. */
  readonly group: Uint16Array;
  /** 1 where the instance takes no tasks: it drains, or its agent is away. */
  readonly isAway: Uint8Array;
}

/** Most groups that are told apart. */
const GROUPS_MAX = 65_535;

/** Reads a cluster. Groups that are known keep their numbers, and so their colours. Cost: linear in instances and tasks. */
export function take(cluster: Cluster, known: readonly string[] = []): Snapshot {
  const tasks = cluster.tasks();
  return assemble(cluster.instances(), { ...tasks, group: numbered(tasks.group, known) });
}

/** Groups with the numbers of those that are known; new ones come after them. */
function numbered({ codes, words }: TaskColumns["group"], known: readonly string[]): TaskColumns["group"] {
  const all = [...new Set([...known, ...words])];
  const numbers = new Map(all.map((word, number) => [word, number]));
  const places = words.map((word) => numbers.get(word) ?? 0);
  return { words: all, codes: codes.map((code) => places[code] ?? code) };
}

/** The arrays from columns; also of a cluster as it was after its first tasks, see `before`. */
export function assemble(instances: InstanceColumns, tasks: TaskColumns): Snapshot {
  const size = instances.length;
  const start = new Uint32Array(size + 1);
  for (const instance of tasks.instance) start[instance + 1] = (start[instance + 1] ?? 0) + 1;
  for (let at = 0; at < size; at += 1) start[at + 1] = (start[at + 1] ?? 0) + (start[at] ?? 0);
  const order = byInstance(tasks, start);
  const group = Uint16Array.from(order, (task) => Math.min(tasks.group.codes[task] ?? 0, GROUPS_MAX));
  const held = (amounts: ArrayLike<number>) => Float64Array.from(order, (task) => amounts[task] ?? 0);
  const resource = (
    key: string,
    label: string,
    unit: string,
    columns: InstanceColumns["cpu"],
    amounts: ArrayLike<number>,
  ): Resource => ({
    key,
    label,
    unit,
    ...columns,
    held: held(amounts),
    most: columns.registered.reduce((most, amount) => Math.max(most, amount), 0),
  });
  const resources = [
    resource("cpu", "CPU", "units", instances.cpu, tasks.cpu),
    resource("memoryMib", "Memory", "MiB", instances.memoryMib, tasks.memoryMib),
  ];
  const gpus = resource("gpus", "GPU", "", instances.gpus, tasks.gpus);
  if (gpus.most > 0) resources.push(gpus);
  const active = instances.status.words.indexOf("ACTIVE");
  const isAway = Uint8Array.from(instances.status.codes, (code, at) =>
    code === active && instances.agentConnected[at] === 1 ? 0 : 1,
  );
  return { size, instances, tasks, resources, start, order, groups: tasks.group.words, group, isAway };
}

/** Tasks by instance, then by group, then by age. */
function byInstance({ instance, group, length }: TaskColumns, start: Uint32Array): Uint32Array {
  const order = new Uint32Array(length);
  const next = start.slice();
  for (let task = 0; task < length; task += 1) {
    const at = instance[task] ?? 0;
    const place = next[at] ?? 0;
    order[place] = task;
    next[at] = place + 1;
  }
  if (group.words.length < 2) return order;
  for (let at = 0; at + 1 < start.length; at += 1) {
    const [from = 0, to = 0] = [start[at], start[at + 1]];
    if (to - from < 2) continue;
    order.subarray(from, to).sort((one, other) => (group.codes[one] ?? 0) - (group.codes[other] ?? 0) || one - other);
  }
  return order;
}

/** Tasks of the zone that has most, less those of the one that has fewest. */
export function skewOf(zones: readonly string[], tasks: ReadonlyMap<string, number>): number {
  let [most, least] = [0, zones.length === 0 ? 0 : Number.POSITIVE_INFINITY];
  for (const zone of zones) {
    const count = tasks.get(zone) ?? 0;
    [most, least] = [Math.max(most, count), Math.min(least, count)];
  }
  return most - least;
}

/** Share of a resource that is in use, 0 to 1. */
export function shareUsed(snapshot: Snapshot, resource: Resource, instances?: Iterable<number>): number {
  let [registered, used] = [0, 0];
  for (const at of instances ?? snapshot.instances.id.keys()) {
    registered += resource.registered[at] ?? 0;
    used += (resource.registered[at] ?? 0) - (resource.remaining[at] ?? 0);
  }
  return registered === 0 ? 0 : used / registered;
}
