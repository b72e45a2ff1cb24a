// Running tasks as items to pack, and the instances of a cluster as types to pack them into.

import type { Cluster } from "../engine.ts";
import type { Action } from "./scenario.ts";

/** The dimensions of everything the page packs. */
export const DIMENSIONS = ["cpu", "memory"] as const;

/** An item as `pack` reads it. */
export interface Item {
  readonly id: string;
  readonly demand: readonly [number, number];
  readonly count: number;
  readonly group?: string;
  readonly memberOf?: readonly string[];
  readonly distinctInstance?: boolean;
  readonly tcpPorts?: readonly number[];
  readonly udpPorts?: readonly number[];
  readonly eni?: boolean;
  readonly gpus?: number | "all";
  readonly gpuShare?: number;
}

/** A type of bins as `pack` and `fleet` read it. */
export interface BinType {
  readonly id: string;
  readonly capacity: readonly [number, number];
  readonly cost: number;
  readonly limit?: number;
  readonly gpus?: number;
  readonly eniSlots?: number;
  readonly attributes?: Readonly<Record<string, string | null>>;
}

/** An attribute that a task asks for. */
export interface Required {
  readonly name: string;
  readonly value?: string;
}

/** What is packed, with what is needed to start it. */
export interface Wanted {
  readonly items: readonly Item[];
  /** By item: the definition it is started from. */
  readonly definitions: readonly string[];
  /** Definitions to register. */
  readonly documents: readonly object[];
  /** What the tasks ask of an instance and no type says: capabilities of its agent. */
  readonly required: readonly Required[];
}

interface ExportedTask {
  readonly taskDefinitionArn: string;
  readonly group: string;
  readonly desiredStatus: string;
  readonly xDemand: {
    readonly cpu: number;
    readonly memory: number;
    readonly custom?: Readonly<Record<string, number>>;
    readonly ports?: readonly string[];
    readonly eni?: boolean;
    readonly gpus?: string;
    readonly requiresAttributes?: readonly Required[];
    readonly cpuArchitecture?: string;
    readonly osType?: string;
  };
}

interface ExportedDefinition {
  readonly family: string;
  readonly revision: number;
  readonly placementConstraints?: readonly { readonly type: string; readonly expression?: string }[];
}

interface ExportedInstance {
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
  readonly registeredResources: readonly {
    readonly name: string;
    readonly integerValue?: number;
    readonly stringSetValue?: readonly string[];
  }[];
  readonly xDerivedEniTaskSlots?: number;
}

interface Exported {
  readonly containerInstances: readonly ExportedInstance[];
  readonly taskDefinitions: readonly ExportedDefinition[];
  readonly tasks: readonly ExportedTask[];
}

/** A constraint as a service has it. */
interface Asked {
  readonly type: string;
  readonly expression?: string;
}

/** Constraints of groups that steps have placed with some, as services: describe-tasks does not say them. */
export function servicesOf(log: readonly Action[]): { group: string; placementConstraints: Asked[] }[] {
  const services = new Map<string, Map<string, Asked>>();
  for (const action of log) {
    if (action.kind !== "place") continue;
    const group = action.group === "" ? `family:${action.definition.replace(/:\d+$/, "")}` : action.group;
    const constraints = services.get(group) ?? new Map<string, Asked>();
    services.set(group, constraints);
    if (action.isDistinct) constraints.set("", { type: "distinctInstance" });
    for (const expression of action.memberOf.filter((each) => each.trim() !== "")) {
      constraints.set(expression, { type: "memberOf", expression });
    }
  }
  return [...services]
    .filter(([, constraints]) => constraints.size > 0)
    .map(([group, constraints]) => ({ group, placementConstraints: [...constraints.values()] }));
}

/** The running tasks of a cluster: those of one definition, group and demand are one item. */
export function itemsOf(cluster: Cluster, log: readonly Action[]): Wanted {
  const { tasks, taskDefinitions } = cluster.toObject() as unknown as Exported;
  const known = new Map(taskDefinitions.map((each) => [`${each.family}:${each.revision}`, each]));
  const services = new Map(servicesOf(log).map(({ group, placementConstraints }) => [group, placementConstraints]));
  const kinds = new Map<string, { task: ExportedTask; count: number }>();
  for (const task of tasks) {
    if (task.desiredStatus === "STOPPED") continue;
    const key = JSON.stringify([task.taskDefinitionArn, task.group, task.xDemand]);
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { task, count: 1 });
    else kind.count += 1;
  }
  const items: Item[] = [];
  const definitions: string[] = [];
  const documents: object[] = [...taskDefinitions];
  const required = new Map<string, Required>();
  for (const { task, count } of kinds.values()) {
    const definition = known.get(task.taskDefinitionArn);
    for (const each of task.xDemand.requiresAttributes ?? []) required.set(JSON.stringify(each), each);
    items.push(itemOf(task, count, definition, services.get(task.group) ?? []));
    if (definition === undefined) documents.push(stand(task, `unknown-${items.length}`));
    definitions.push(definition === undefined ? `unknown-${items.length}` : task.taskDefinitionArn);
  }
  return { items, definitions, documents, required: [...required.values()] };
}

function itemOf(
  { group, taskDefinitionArn, xDemand }: ExportedTask,
  count: number,
  of: ExportedDefinition | undefined,
  service: readonly object[],
): Item {
  const { cpu, memory, custom, ports = [], eni, gpus, cpuArchitecture, osType } = xDemand;
  if (custom !== undefined) throw new Error(`tasks of ${taskDefinitionArn} hold custom resources, which this page does not pack`);
  const [kind = "", amount = "0"] = gpus?.split(":") ?? [];
  if (kind === "slice") throw new Error(`tasks of ${taskDefinitionArn} hold slices of GPUs, which this page does not pack`);
  const constraints = [...(of?.placementConstraints ?? []), ...service] as { type: string; expression?: string }[];
  const memberOf = constraints.flatMap(({ expression }) => (expression === undefined ? [] : [expression]));
  if (cpuArchitecture !== undefined) memberOf.push(`attribute:ecs.cpu-architecture == ${cpuArchitecture}`);
  if (osType !== undefined) memberOf.push(`attribute:ecs.os-type == ${osType}`);
  const portsOf = (protocol: string) =>
    ports.filter((port) => port.startsWith(protocol)).map((port) => Number(port.slice(protocol.length + 1)));
  const [tcpPorts, udpPorts] = [portsOf("tcp"), portsOf("udp")];
  return {
    id: taskDefinitionArn,
    demand: [cpu, memory],
    count,
    group,
    ...(memberOf.length > 0 ? { memberOf: [...new Set(memberOf)] } : {}),
    ...(constraints.some(({ type }) => type === "distinctInstance") ? { distinctInstance: true } : {}),
    ...(tcpPorts.length > 0 ? { tcpPorts } : {}),
    ...(udpPorts.length > 0 ? { udpPorts } : {}),
    ...(eni === true ? { eni } : {}),
    ...(kind === "whole" ? { gpus: Number(amount) } : kind === "all" ? { gpus: "all" } : {}),
    ...(kind === "share" ? { gpuShare: Number(amount) } : {}),
  };
}

/** A definition to start tasks from whose own is not known. */
function stand({ xDemand: { cpu, memory, ports = [], gpus } }: ExportedTask, family: string): object {
  const [kind = "", amount = "0"] = gpus?.split(":") ?? [];
  return definitionOf(
    family,
    cpu,
    memory,
    ports,
    kind === "share" ? { gpuShare: Number(amount) } : kind === "whole" ? { gpus: Number(amount) } : {},
  );
}

function definitionOf(
  family: string,
  cpu: number,
  memory: number,
  ports: readonly string[],
  { gpus, gpuShare }: Pick<Item, "gpus" | "gpuShare">,
): object {
  const resourceRequirements =
    gpuShare !== undefined
      ? [{ type: "xGpuShare", value: String(gpuShare) }]
      : typeof gpus === "number" && gpus > 0
        ? [{ type: "GPU", value: String(gpus) }]
        : [];
  const portMappings = ports.map((port) => {
    const [protocol, number] = port.split(":");
    return { containerPort: Number(number), hostPort: Number(number), protocol };
  });
  // A container has at least 4 MiB of memory in ECS, and an item may have less.
  return {
    family,
    revision: 1,
    containerDefinitions: [{ name: "task", cpu, memory: Math.max(4, memory), portMappings, resourceRequirements }],
  };
}

/** A list of items as it was written: a JSON array, or a document that has one as `items`. */
export function itemsFrom(text: string): Wanted {
  const value = parsed(text, "items") as Item[];
  const documents: object[] = [];
  const definitions = value.map((item, at) => {
    const [cpu = Number.NaN, memory = Number.NaN] = Array.isArray(item?.demand) ? item.demand : [];
    if (typeof item !== "object" || item === null || ![cpu, memory].every(Number.isSafeInteger) || item.demand.length !== 2) {
      throw new Error(`items[${at}]: \`demand\` is two whole numbers here, CPU units and MiB of memory`);
    }
    const name = String(item.id ?? "")
      .replace(/[^A-Za-z0-9_-]/g, "-")
      .slice(0, 200);
    const family = `${name === "" ? "item" : name}-${at + 1}`;
    const ports = [...(item.tcpPorts ?? []).map((port) => `tcp:${port}`), ...(item.udpPorts ?? []).map((port) => `udp:${port}`)];
    documents.push(definitionOf(family, cpu, memory, ports, item));
    return `${family}:1`;
  });
  return { items: value, definitions, documents, required: [] };
}

/** A JSON array, or the one that a document has under a key. */
export function parsed(text: string, key: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`the ${key} are no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const list = Array.isArray(value) ? value : (value as Record<string, unknown> | null)?.[key];
  if (!Array.isArray(list)) throw new Error(`the ${key} are a JSON array, or a document that has one as \`${key}\``);
  return list;
}

/** The instances of a cluster as types, each at a cost of one: those of one name, size and GPUs are one. What all of one have in common
 * are its attributes. */
export function typesOf(cluster: Cluster): (BinType & { readonly have: number })[] {
  const { containerInstances } = cluster.toObject() as unknown as Exported;
  const types = new Map<string, { type: BinType; common: Map<string, string | null>; have: number }>();
  const names = new Map<string, number>();
  for (const { attributes, registeredResources, xDerivedEniTaskSlots } of containerInstances) {
    const amount = (name: string) => registeredResources.find((each) => each.name === name);
    const capacity = [amount("CPU")?.integerValue ?? 0, amount("MEMORY")?.integerValue ?? 0] as const;
    const gpus = amount("GPU")?.stringSetValue?.length ?? 0;
    const all = new Map(attributes.map(({ name, value }) => [name, value ?? null]));
    const name = all.get("ecs.instance-type") ?? "instance";
    const key = JSON.stringify([name, capacity, gpus, xDerivedEniTaskSlots, all.get("gpu-model")]);
    const before = types.get(key);
    if (before !== undefined) {
      before.have += 1;
      for (const [each, value] of before.common) if (all.get(each) !== value) before.common.delete(each);
      continue;
    }
    const number = (names.get(name) ?? 0) + 1;
    names.set(name, number);
    const type: BinType = {
      id: number === 1 ? name : `${name}#${number}`,
      capacity,
      cost: 1,
      ...(gpus > 0 ? { gpus } : {}),
      ...(xDerivedEniTaskSlots === undefined || xDerivedEniTaskSlots < 0 ? {} : { eniSlots: xDerivedEniTaskSlots }),
    };
    types.set(key, { type, common: all, have: 1 });
  }
  return Array.from(types.values(), ({ type, common, have }) => ({ ...type, attributes: Object.fromEntries(common), have }));
}
