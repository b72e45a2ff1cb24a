// Instances by the value of an attribute.

import type { Cluster } from "../engine.ts";
import type { Snapshot } from "./snapshot.ts";

/** Instances with one value. */
export interface Section {
  readonly label: string;
  /** Positions, in registration order. */
  readonly members: Uint32Array;
}

/** Facts about instances that are no attributes, and can be grouped by as well. */
const FACTS = ["status", "capacityProvider"] as const;

/** What instances can be grouped by: attributes with few enough values. */
export function choices(cluster: Cluster, snapshot: Snapshot): string[] {
  const names = cluster
    .attributeSummary({ valuesMax: 1 })
    .filter(({ valuesTotal }) => valuesTotal > 0 && valuesTotal <= 200)
    .map(({ name }) => name);
  return [...names, ...FACTS.filter((fact) => snapshot.instances[fact].words.length > 0)];
}

/** The instances by value, values in order of their names with numbers read as such; those without a value come last. */
export function group(cluster: Cluster, snapshot: Snapshot, by: string): Section[] {
  const value = valuesBy(cluster, snapshot, by);
  const sections = new Map<string | undefined, number[]>();
  for (let at = 0; at < snapshot.size; at += 1) {
    const members = sections.get(value(at));
    if (members === undefined) sections.set(value(at), [at]);
    else members.push(at);
  }
  const sorted = [...sections].sort(([one], [other]) => {
    if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? 1 : -1;
    return one.localeCompare(other, "en", { numeric: true });
  });
  const none = by === "" ? "all instances" : `no ${by}`;
  return sorted.map(([label, members]) => ({ label: label ?? none, members: Uint32Array.from(members) }));
}

function valuesBy(cluster: Cluster, { instances }: Snapshot, by: string): (at: number) => string | undefined {
  if (by === "") return () => undefined;
  if (by === "status" || by === "capacityProvider") {
    const { codes, words } = instances[by];
    return (at) => words[codes[at] ?? -1];
  }
  // PERF: the columns of all attributes are many times as long.
  const own = by === "ecs.availability-zone" ? instances.zone : by === "ecs.instance-type" ? instances.instanceType : undefined;
  if (own !== undefined) return (at) => own.words[own.codes[at] ?? -1];
  const { instance, name, value } = cluster.attributes();
  const wanted = name.words.indexOf(by);
  const values = new Map<number, string>();
  for (let row = 0; row < instance.length; row += 1) {
    if (name.codes[row] !== wanted) continue;
    const word = value.words[value.codes[row] ?? -1];
    const at = instance[row];
    if (word !== undefined && at !== undefined) values.set(at, word);
  }
  return (at) => values.get(at);
}
