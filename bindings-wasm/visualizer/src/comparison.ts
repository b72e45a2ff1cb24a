// The comparison that is shown in place of the cluster, if there is one.

import { effect, signal } from "@preact/signals";
import type { Run } from "./model/compare.ts";
import { simulation } from "./state.ts";

/** Two runs on the same arrivals. */
export interface Comparison {
  readonly chains: readonly [readonly string[], readonly string[]];
  readonly runs: readonly [Run, Run];
  /** The moment that is shown; the last one where none was chosen. */
  readonly at: number | undefined;
}

export const comparison = signal<Comparison | undefined>(undefined);

// Another cluster ends it.
effect(() => {
  simulation.value;
  comparison.value = undefined;
});
