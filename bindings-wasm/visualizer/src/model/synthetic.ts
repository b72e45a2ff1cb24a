// A synthetic cluster: so many instances over zones and types, seeded, as the object that the engine loads.

import { registeredMib, TYPES } from "./types.ts";
import { type Range, within } from "./whole.ts";

/** What the numbers of a recipe may be. A zone has one letter. */
export const RANGES = {
  count: { name: "Instances", least: 1, most: 100_000 },
  zones: { name: "Zones", least: 1, most: 26 },
  seed: { name: "Seed", least: 0, most: 2 ** 32 - 1 },
} as const satisfies Readonly<Record<string, Range>>;

/** What a synthetic cluster is made of. */
export interface Recipe {
  readonly zones: number;
  readonly types: readonly string[];
  readonly count: number;
  readonly seed: number;
}

/** A stream of 32-bit numbers: mulberry32, public domain. */
export function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const integer = (name: string, value: number) => ({ name, type: "INTEGER", integerValue: value });
const set = (name: string, values: readonly string[]) => ({ name, type: "STRINGSET", stringSetValue: values });

/** The cluster as ECS would describe it. Throws in words for a recipe that makes none. */
export function synthesize({ zones, types, count, seed }: Recipe): object {
  const shapes = types.map((name) => {
    const shape = TYPES.find((candidate) => candidate.name === name);
    if (shape === undefined) throw new Error(`no instance type is called \`${name}\` here`);
    return shape;
  });
  if (shapes.length === 0) throw new Error("choose at least one instance type");
  within(zones, RANGES.zones);
  within(count, RANGES.count);
  const next = stream(seed);
  const stacks = ["prod", "prod", "prod", "staging"];
  const containerInstances = Array.from({ length: count }, (_, at) => {
    // OK: the list of shapes is not empty, and the remainder is below its length.
    const shape = shapes[next() % shapes.length] as (typeof shapes)[number];
    const zone = `eu-west-1${String.fromCharCode(97 + (at % zones))}`;
    const resources = [integer("CPU", shape.vcpus * 1024), integer("MEMORY", registeredMib(shape))];
    if (shape.gpus > 0)
      resources.push(
        set(
          "GPU",
          Array.from({ length: shape.gpus }, (_, gpu) => `gpu-${gpu}`),
        ) as never,
      );
    return {
      containerInstanceArn: `i-${at.toString().padStart(6, "0")}`,
      status: "ACTIVE",
      agentConnected: true,
      registeredResources: resources,
      attributes: [
        { name: "ecs.availability-zone", value: zone },
        { name: "ecs.instance-type", value: shape.name },
        { name: "ecs.os-type", value: "linux" },
        { name: "ecs.cpu-architecture", value: shape.architecture },
        { name: "stack", value: stacks[next() % stacks.length] },
      ],
    };
  });
  const definition = (family: string, cpu: number, memory: number, more: object = {}) => ({
    family,
    containerDefinitions: [{ name: family, cpu, memory, ...more }],
  });
  const taskDefinitions = [
    definition("web", 256, 512),
    definition("api", 512, 2048),
    definition("cache", 256, 6144),
    definition("worker", 2048, 1536),
  ];
  if (shapes.some((shape) => shape.gpus > 0)) {
    taskDefinitions.push(definition("trainer", 2048, 8192, { resourceRequirements: [{ type: "GPU", value: "1" }] }));
  }
  return { containerInstances, taskDefinitions };
}
