// From a source to a cluster: which file is what, and what goes with it.

import sampleCluster from "../../../../cli/samples/cluster.json";
import sampleGpu from "../../../../cli/samples/gpu.json";
import samplePort from "../../../../cli/samples/static-port.json";
import sampleTasks from "../../../../cli/samples/tasks.json";
import sampleWeb from "../../../../cli/samples/web.json";
import { Cluster } from "../engine.ts";
import type { Arrivals } from "./arrivals.ts";
import { cut } from "./cut.ts";
import { bundled, fromCsv, kindOf } from "./openb.ts";
import { type Pace, Stopped, unpaced } from "./pace.ts";
import type { GivenFile, Source } from "./scenario.ts";
import { synthesize } from "./synthetic.ts";

/** A cluster as its source makes it. */
export interface Opened {
  readonly cluster: Cluster;
  /** What arrives, where the source says so. */
  readonly arrivals: Arrivals | undefined;
}

/** Makes the cluster of a source, in slices where it is large. Throws what the engine refuses. */
export async function open(source: Source, pace: Pace = unpaced): Promise<Opened> {
  switch (source.kind) {
    case "sample":
      return { cluster: sample(), arrivals: undefined };
    case "openb": {
      const { document, arrivals } = bundled();
      return { cluster: Cluster.fromJson(document), arrivals };
    }
    case "synthetic":
      return { cluster: await inSlices(synthesize(source), pace), arrivals: undefined };
    case "files":
      return ofFiles(source.files, pace);
  }
}

/** Up to so many instances are read at once, which takes no longer than a frame or two. */
const AT_ONCE = 500;

/** The cluster of a document, its instances registered one by one where they are many and nothing in it names them: as one call would
 * have it, down to the fingerprint. `text` is the document as it was written, if it was. */
async function inSlices(document: object, pace: Pace, text?: string): Promise<Cluster> {
  const parts = partsOf(document, text);
  if (parts === undefined) return Cluster.fromJson(text ?? document);
  let cluster: Cluster | undefined;
  try {
    cluster = Cluster.fromJson(parts.rest);
    for (const [at, instance] of parts.instances.entries()) {
      cluster.registerContainerInstance(instance);
      await pace(at + 1, parts.instances.length);
    }
    return cluster;
  } catch (error) {
    if (cluster?.isUsable) cluster.free();
    if (error instanceof Stopped) throw error;
    // The engine says of the whole document what is wrong with it and where.
    return Cluster.fromJson(text ?? document);
  }
}

/** The instances of a document, and the document without them; undefined where it is to be read at once. */
function partsOf(document: object, text?: string) {
  const { containerInstances, taskDefinitions: _, failures: __, ...more } = document as Record<string, unknown>;
  if (!Array.isArray(containerInstances) || containerInstances.length <= AT_ONCE || Object.keys(more).length > 0)
    return undefined;
  // What is registered alone may be a text, or have its instance under a key; in a list it may not.
  const isBare = (one: unknown) => typeof one === "object" && one !== null && Object.hasOwn(one, "containerInstanceArn");
  if (!containerInstances.every(isBare)) return undefined;
  if (text !== undefined) return cut(text);
  return { instances: containerInstances as object[], rest: { ...document, containerInstances: [] } };
}

function sample(): Cluster {
  const cluster = Cluster.fromJson(sampleCluster);
  for (const definition of [sampleWeb, samplePort, sampleGpu]) cluster.registerTaskDefinition(definition);
  cluster.loadTasks(sampleTasks);
  return cluster;
}

/** What a JSON document is about. */
export type Kind = "cluster" | "tasks" | "definition" | "scenario";

/** Tells documents apart by their keys. */
export function kindOfJson(value: unknown): Kind | undefined {
  if (Array.isArray(value)) {
    const [first] = value;
    return first?.registeredResources !== undefined || first?.containerInstanceArn !== undefined ? "cluster" : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const has = (key: string) => Object.hasOwn(value, key);
  if (String((value as Record<string, unknown>).format).startsWith("placewright-scenario/")) return "scenario";
  if (has("containerInstances")) return "cluster";
  if (has("tasks")) return "tasks";
  return has("taskDefinition") || has("containerDefinitions") ? "definition" : undefined;
}

/** Parses a file; the error names it. */
export function parse({ name, text }: GivenFile): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function ofFiles(files: readonly GivenFile[], pace: Pace): Promise<Opened> {
  const nodes = files.find(({ text }) => kindOf(text) === "nodes");
  if (nodes !== undefined) {
    const pods = files.find(({ text }) => kindOf(text) === "pods");
    const { document, arrivals } = fromCsv(nodes.text, pods?.text);
    return { cluster: Cluster.fromJson(document), arrivals: pods === undefined ? undefined : arrivals };
  }
  const read = files.map((file) => ({ ...file, value: parse(file) }));
  const ofKind = (kind: Kind) => read.filter(({ value }) => kindOfJson(value) === kind);
  const clusters = ofKind("cluster");
  const [first] = clusters;
  if (first === undefined) {
    const names = files.map(({ name }) => name).join(", ");
    throw new Error(`no container instances in ${names}; give what \`aws ecs describe-container-instances\` prints`);
  }
  const whole = clusters.length === 1 ? first : { value: joined(clusters), text: undefined };
  const cluster = await inSlices(whole.value as object, pace, whole.text);
  for (const { text } of ofKind("definition")) cluster.registerTaskDefinition(text);
  for (const { text } of ofKind("tasks")) cluster.loadTasks(text);
  return { cluster, arrivals: undefined };
}

/** Several descriptions as one, as a call describes at most a hundred instances: lists are put one behind the other, and what is no
 * list has to be the same in all of them. */
function joined(documents: readonly { readonly name: string; readonly value: unknown }[]): object {
  const all = new Map<string, unknown>();
  for (const { name, value } of documents) {
    const document: object = Array.isArray(value) ? { containerInstances: value } : (value as object);
    for (const [key, part] of Object.entries(document)) {
      const before = all.get(key);
      if (Array.isArray(before) && Array.isArray(part)) all.set(key, [...before, ...part]);
      else if (before === undefined) all.set(key, part);
      else if (JSON.stringify(before) !== JSON.stringify(part)) {
        throw new Error(`\`${key}\` of ${name} is not that of the other files; open one of them at a time`);
      }
    }
  }
  return Object.fromEntries(all);
}
