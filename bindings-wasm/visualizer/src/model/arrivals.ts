// Tasks of different definitions in the order in which they arrive.

import { stream } from "./synthetic.ts";

/** What arrives. */
export interface Arrivals {
  /** Names of definitions of the cluster. */
  readonly definitions: readonly string[];
  /** By arrival: position of its definition. */
  readonly sequence: Uint32Array;
  /** The task group of all of them; empty for `family:NAME`. */
  readonly group: string;
}

/** So many tasks of one definition. */
export function uniform(definition: string, count: number, group: string): Arrivals {
  return { definitions: [definition], sequence: new Uint32Array(count), group };
}

/** So many tasks of several definitions, drawn evenly. */
export function mixed(definitions: readonly string[], count: number, seed: number): Arrivals {
  const next = stream(seed);
  return { definitions, sequence: Uint32Array.from({ length: count }, () => next() % definitions.length), group: "" };
}
