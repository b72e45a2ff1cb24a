// A packing as a cluster: the instances that it asks for, with the tasks it puts on each, started there by the engine, which so says
// once more that they have room.

import { Cluster, type FleetBins, inWords, type PackAnswer, type PackedBins } from "../engine.ts";
import type { BinType, Item, Required, Wanted } from "./items.ts";

/** A cluster that was made, and what the engine would not start in it. */
export interface Realised {
  readonly cluster: Cluster;
  readonly refused: readonly string[];
}

/** Most instances and tasks that are made: as many as the page moves smoothly, and starts while a reader waits. */
const INSTANCES_MAX = 100_000;
const TASKS_MAX = 200_000;

/** Makes the cluster of a packing; nothing where it is too much to be shown. */
export function realise(
  bins: readonly (PackedBins & Partial<Pick<FleetBins, "offer" | "zone">>)[],
  wanted: Wanted,
  types: ReadonlyMap<string, BinType>,
): Realised | undefined {
  const instances = bins.reduce((sum, { count }) => sum + count, 0);
  const tasks = bins.reduce((sum, { count, items }) => sum + count * items.reduce((all, [, number]) => all + number, 0), 0);
  if (instances > INSTANCES_MAX || tasks > TASKS_MAX) return undefined;
  const numbers = new Map<string, number>();
  const made: { id: string; items: PackedBins["items"] }[] = [];
  const containerInstances: object[] = [];
  for (const { type, count, items, offer, zone } of bins) {
    const name = offer ?? type;
    const shape = types.get(name);
    if (shape === undefined) throw new Error(`the answer has a type \`${name}\` that was not asked about`);
    for (let each = 0; each < count; each += 1) {
      const word = name.replace(/[^A-Za-z0-9_-]/g, "-");
      const number = (numbers.get(word) ?? 0) + 1;
      numbers.set(word, number);
      const id = `${word}-${String(number).padStart(4, "0")}`;
      made.push({ id, items: [...items].sort(([one], [other]) => gpusOf(wanted.items[other]) - gpusOf(wanted.items[one])) });
      containerInstances.push(instance(id, shape, zone ?? undefined, wanted.required));
    }
  }
  const cluster = Cluster.fromJson({ containerInstances, taskDefinitions: wanted.documents });
  const totals = wanted.items.map(() => 0);
  for (const { items } of made) for (const [item, count] of items) totals[item] = (totals[item] ?? 0) + count;
  const requests = wanted.items.map(({ group }, item) => ({
    taskDefinition: wanted.definitions[item] ?? "",
    // One that is not packed is not asked for; a request asks for at least one.
    count: Math.max(1, totals[item] ?? 0),
    ...(group === undefined ? {} : { group }),
  }));
  const start = (filled: typeof made) =>
    cluster.applyPacking(
      { bins: filled.map(({ id, items }) => ({ type: id, count: 1, items })) } as unknown as PackAnswer,
      requests,
    );
  try {
    start(made);
    return { cluster, refused: [] };
  } catch (error) {
    // Then each instance by itself: what can be started is shown.
    if (!cluster.isUsable) throw error;
  }
  const refused: string[] = [];
  for (const one of made) {
    try {
      start([one]);
    } catch (error) {
      refused.push(`the tasks of ${one.id}: ${inWords(error)}`);
    }
  }
  return { cluster, refused };
}

/** Thousandths of GPUs that an item holds. The engine gives tasks their GPUs one after another: those that hold most have to come first,
 * or parts of GPUs lie where a whole one is needed. */
function gpusOf(item: Item | undefined): number {
  if (item?.gpuShare !== undefined) return item.gpuShare;
  return item?.gpus === "all" ? Number.MAX_SAFE_INTEGER : 1000 * (item?.gpus ?? 0);
}

/** An instance of a type, whose agent can do whatever the tasks ask for. */
function instance(
  id: string,
  { id: type, capacity, gpus = 0, attributes = {} }: BinType,
  zone: string | undefined,
  required: readonly Required[],
): object {
  const all = new Map<string, string | null>([["ecs.instance-type", type.replace(/#\d+$/, "")]]);
  for (const { name, value } of required) all.set(name, value ?? null);
  for (const [name, value] of Object.entries(attributes)) all.set(name, value);
  if (zone !== undefined) all.set("ecs.availability-zone", zone);
  const resources: object[] = [
    { name: "CPU", type: "INTEGER", integerValue: capacity[0] },
    { name: "MEMORY", type: "INTEGER", integerValue: capacity[1] },
  ];
  if (gpus > 0)
    resources.push({ name: "GPU", type: "STRINGSET", stringSetValue: Array.from({ length: gpus }, (_, gpu) => `gpu-${gpu}`) });
  return {
    containerInstanceArn: id,
    status: "ACTIVE",
    agentConnected: true,
    registeredResources: resources,
    attributes: Array.from(all, ([name, value]) => (value === null ? { name } : { name, value })),
  };
}
