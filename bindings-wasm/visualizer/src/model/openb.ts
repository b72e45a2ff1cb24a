// The OpenB trace as a cluster and its arrivals. One CPU unit is one milli-core here, so that no amount is rounded; a pod with a
// part of a GPU asks for a share of one, which is an extension of placewright. All tasks are in one task group.

import trace from "../data/openb.json";
import type { Arrivals } from "./arrivals.ts";

/** The task group of every task. */
const GROUP = "openb";

type Row = readonly (string | number)[];

const at = (row: Row, column: number): number => Number(row[column]);

/** Positions that were written as bytes. */
function positions(text: string): number[] {
  return Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** An instance from a row of the node list: CPU, memory, GPUs, model. */
function node(name: string, row: Row): object {
  const gpus = Array.from({ length: at(row, 2) }, (_, gpu) => `GPU-${gpu}`);
  const resources: object[] = [
    { name: "CPU", type: "INTEGER", integerValue: at(row, 0) },
    { name: "MEMORY", type: "INTEGER", integerValue: at(row, 1) },
  ];
  if (gpus.length > 0) resources.push({ name: "GPU", type: "STRINGSET", stringSetValue: gpus });
  const model = String(row[3] ?? "");
  return {
    containerInstanceArn: name,
    registeredResources: resources,
    attributes: model === "" ? [] : [{ name: "gpu-model", value: model }],
  };
}

/** A task definition from a row of the pod list: CPU, memory, GPUs, thousandths of one, models it is bound to. */
function pod(family: string, row: Row): object {
  const [gpus, thousandths] = [at(row, 2), at(row, 3)];
  const requirement =
    gpus === 0
      ? []
      : thousandths < 1000
        ? [{ type: "xGpuShare", value: String(thousandths) }]
        : [{ type: "GPU", value: String(gpus) }];
  const models = String(row[4] ?? "");
  return {
    family,
    containerDefinitions: [{ name: "pod", cpu: at(row, 0), memory: Math.max(1, at(row, 1)), resourceRequirements: requirement }],
    placementConstraints:
      models === "" ? [] : [{ type: "memberOf", expression: `attribute:gpu-model in [${models.split("|").join(", ")}]` }],
  };
}

/** A document to load, with what arrives. */
export interface Trace {
  readonly document: object;
  readonly arrivals: Arrivals;
}

function assemble(nodes: readonly (readonly [string, Row])[], pods: readonly Row[]): Trace {
  const shapes = new Map<string, number>();
  const sequence = Uint32Array.from(pods, (row) => {
    const key = JSON.stringify(row);
    const known = shapes.get(key);
    if (known !== undefined) return known;
    shapes.set(key, shapes.size);
    return shapes.size - 1;
  });
  const names = Array.from(shapes.keys(), (_, shape) => `pod-${shape}`);
  return {
    document: {
      containerInstances: nodes.map(([name, row]) => node(name, row)),
      taskDefinitions: Array.from(shapes.keys(), (key, shape) => pod(`pod-${shape}`, JSON.parse(key) as Row)),
    },
    arrivals: { definitions: names.map((name) => `${name}:1`), sequence, group: GROUP },
  };
}

/** The trace that comes with the page. */
export function bundled(): Trace {
  const pick = (shapes: readonly Row[], sequence: string) => positions(sequence).map((shape) => shapes[shape] ?? []);
  const nodes = pick(trace.nodes.shapes, trace.nodes.sequence);
  return assemble(
    nodes.map((row, number) => [`openb-node-${number.toString().padStart(4, "0")}`, row]),
    pick(trace.pods.shapes, trace.pods.sequence),
  );
}

/** Rows of a CSV file by column. Its cells have no quotes. */
function rows(text: string): Record<string, string>[] {
  const [header = "", ...lines] = text.trim().split(/\r?\n/);
  const columns = header.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, column) => [columns[column] ?? "", cell])));
}

/** Whether a text is a list of nodes or of pods of the trace. */
export function kindOf(text: string): "nodes" | "pods" | undefined {
  if (text.startsWith("sn,cpu_milli,")) return "nodes";
  return text.startsWith("name,cpu_milli,") ? "pods" : undefined;
}

/** A trace from the files of the trace. */
export function fromCsv(nodes: string, pods: string | undefined): Trace {
  const read = rows(pods ?? "").filter((row) => row.cpu_milli !== undefined);
  read.sort((one, other) => Number(one.creation_time ?? 0) - Number(other.creation_time ?? 0));
  return assemble(
    rows(nodes).map((row) => [row.sn ?? "", [Number(row.cpu_milli), Number(row.memory_mib), Number(row.gpu), row.model ?? ""]]),
    read.map((row) => [
      Number(row.cpu_milli),
      Number(row.memory_mib),
      Number(row.num_gpu),
      Number(row.gpu_milli),
      row.gpu_spec ?? "",
    ]),
  );
}
