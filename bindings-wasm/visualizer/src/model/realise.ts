// A packing as a cluster: the instances that it asks for, with the tasks it puts on each, started there by the engine, which so says
// once more that they have room.

import { Cluster } from "../engine.ts";
import type { BoughtBin, PackedBin } from "./answers.ts";
import type { BinType, Required, Wanted } from "./items.ts";

/** A cluster that was made, and what the engine would not start in it. */
export interface Realised {
  readonly cluster: Cluster;
  readonly refused: readonly string[];
}

/** Most instances that are made. */
const INSTANCES_MAX = 100_000;

/** Makes the cluster of a packing. */
export function realise(
  bins: readonly (PackedBin & Partial<Pick<BoughtBin, "offer" | "zone">>)[],
  wanted: Wanted,
  types: ReadonlyMap<string, BinType>,
): Realised {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  if (total > INSTANCES_MAX) throw new Error(`${total.toLocaleString("en")} instances are more than can be shown`);
  const numbers = new Map<string, number>();
  const made: { id: string; items: PackedBin["items"] }[] = [];
  const containerInstances: object[] = [];
  for (const { type, count, items, offer, zone } of bins) {
    const name = offer ?? type;
    const shape = types.get(name);
    if (shape === undefined) throw new Error(`the answer has a type \`${name}\` that was not asked about`);
    for (let each = 0; each < count; each += 1) {
      const number = (numbers.get(name) ?? 0) + 1;
      numbers.set(name, number);
      const id = `${name.replace(/[^A-Za-z0-9_-]/g, "-")}-${String(number).padStart(4, "0")}`;
      made.push({ id, items });
      containerInstances.push(instance(id, shape, zone ?? undefined, wanted.required));
    }
  }
  const cluster = Cluster.fromJson({ containerInstances, taskDefinitions: wanted.documents });
  const refused: string[] = [];
  for (const { id, items } of made) {
    for (const [item, count] of items) {
      const [definition, { group, id: name = "" } = {}] = [wanted.definitions[item] ?? "", wanted.items[item]];
      const { rejected, reasons } = cluster.placeOn(id, definition, { count, ...(group === undefined ? {} : { group }) });
      if (rejected > 0) refused.push(`${rejected} of ${name} on ${id}: ${[...reasons.keys()].join(", ")}`);
    }
  }
  return { cluster, refused };
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
