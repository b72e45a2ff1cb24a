// What is asked of the second module, as documents that the command-line tool reads as well.

import type { Cluster } from "../engine.ts";
import { offers, typesFrom } from "./catalogue.ts";
import { type BinType, DIMENSIONS, itemsFrom, itemsOf, servicesOf, typesOf, type Wanted } from "./items.ts";
import type { PlanDraft } from "./plan.ts";
import type { Action } from "./scenario.ts";

/** A problem, with what is needed to show its answer as a cluster. */
export interface Problem {
  /** What the module and the command-line tool read. */
  readonly document: string;
  readonly wanted: Wanted;
  /** By id. */
  readonly types: ReadonlyMap<string, BinType>;
}

type Asked = { readonly cluster: Cluster; readonly log: readonly Action[]; readonly draft: PlanDraft };

const options = ({ steps, bound }: PlanDraft) => ({ solver: "auto", seed: 0, steps, bound });

function wantedOf({ cluster, log, draft }: Asked): Wanted {
  const wanted = draft.from === "tasks" ? itemsOf(cluster, log) : itemsFrom(draft.list);
  if (wanted.items.length === 0)
    throw new Error(draft.from === "tasks" ? "no task runs; place some, or give a list" : "the list is empty");
  return wanted;
}

const document = (value: object): string => JSON.stringify(value, undefined, 1);
const byId = (types: readonly BinType[]) => new Map(types.map((type) => [type.id, type]));

/** Few instances for the items. */
export function packProblem(asked: Asked): Problem {
  const wanted = wantedOf(asked);
  const { draft, cluster } = asked;
  const own = () => typesOf(cluster).map(({ have: _, ...type }) => type);
  const types = draft.into === "cluster" ? own() : draft.into === "given" ? typesFrom(draft.given) : offers(draft.chosen);
  // Instances are counted; what they cost is asked of a fleet.
  const bins = draft.into === "given" ? types : types.map((type) => ({ ...type, cost: 1 }));
  return {
    document: document({ dimensions: DIMENSIONS, items: wanted.items, bins, options: options(draft) }),
    wanted,
    types: byId(bins),
  };
}

/** The cheapest instances for the items. */
export function fleetProblem(asked: Asked): Problem {
  const wanted = wantedOf(asked);
  const { draft, cluster } = asked;
  const catalogue = draft.into === "given" ? typesFrom(draft.given) : offers(draft.chosen);
  const own = cluster.instances().zone.words;
  const zones =
    own.length >= draft.zonesMin
      ? own
      : Array.from({ length: draft.zonesMin }, (_, at) => `zone-${String.fromCharCode(97 + at)}`);
  const ids = new Set(catalogue.map(({ id }) => id));
  const current = typesOf(cluster)
    .filter(({ id }) => ids.has(id))
    .map(({ id, have }) => ({ type: id, count: have }));
  const fleet = {
    headroomPercent: draft.headroomPercent,
    daemon: [draft.daemonCpu, draft.daemonMemory],
    ...(draft.zonesMin > 0 ? { zones, zonesMin: draft.zonesMin } : {}),
    ...(draft.from === "tasks" && current.length > 0 ? { current } : {}),
  };
  const mix = { dimensions: DIMENSIONS, items: wanted.items, catalogue, fleet, options: options(draft) };
  return { document: document(mix), wanted, types: byId(catalogue) };
}

/** Options of a plan that moves tasks. */
export function rearrangeOptions({ log, draft }: Pick<Asked, "log" | "draft">) {
  const { goal, moves, movesPerGroup, stopFirst, steps } = draft;
  return { goal, moves, movesPerGroup, stopFirst, steps, services: servicesOf(log) };
}

/** The tasks of a cluster packed anew into its own instances: how few of them could do, at least. */
export function anewProblem({ cluster, log, draft }: Asked): string {
  const { items } = itemsOf(cluster, log);
  const bins = typesOf(cluster).map(({ have, ...type }) => ({ ...type, limit: have }));
  return document({ dimensions: DIMENSIONS, items, bins, options: { ...options(draft), steps: Math.min(draft.steps, 262_144) } });
}
