// What is asked of the second module, as documents that the command-line tool reads as well.

import type { Cluster } from "../engine.ts";
import { offers, typesFrom } from "./catalogue.ts";
import { type BinType, DIMENSIONS, itemsFrom, itemsOf, servicesOf, typesOf, type Wanted } from "./items.ts";
import { type PlanDraft, RANGES } from "./plan.ts";
import type { Action } from "./scenario.ts";
import { within } from "./whole.ts";

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

/** A number of the draft. Throws in words where its field does not take it. */
const numberOf = (draft: PlanDraft, of: keyof typeof RANGES): number => Number(within(draft[of], RANGES[of]));

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
  const zonesMin = numberOf(draft, "zonesMin");
  const zones =
    own.length >= zonesMin ? own : Array.from({ length: zonesMin }, (_, at) => `zone-${String.fromCharCode(97 + at)}`);
  const ids = new Set(catalogue.map(({ id }) => id));
  const current = typesOf(cluster)
    .filter(({ id }) => ids.has(id))
    .map(({ id, have }) => ({ type: id, count: have }));
  const fleet = {
    headroomPercent: numberOf(draft, "headroomPercent"),
    daemon: [numberOf(draft, "daemonCpu"), numberOf(draft, "daemonMemory")],
    ...(zonesMin > 0 ? { zones, zonesMin } : {}),
    ...(draft.from === "tasks" && current.length > 0 ? { current } : {}),
  };
  const mix = { dimensions: DIMENSIONS, items: wanted.items, catalogue, fleet, options: options(draft) };
  return { document: document(mix), wanted, types: byId(catalogue) };
}

/** Options of a plan that moves tasks. */
export function rearrangeOptions({ log, draft }: Pick<Asked, "log" | "draft">) {
  const { goal, stopFirst, steps } = draft;
  const [moves, movesPerGroup] = [numberOf(draft, "moves"), numberOf(draft, "movesPerGroup")];
  return { goal, moves, movesPerGroup, stopFirst, steps, services: servicesOf(log) };
}

/** The tasks of a cluster packed anew into its own instances: how few of them could do, at least. */
export function anewProblem({ cluster, log, draft }: Asked): string {
  const { items } = itemsOf(cluster, log);
  const bins = typesOf(cluster).map(({ have, ...type }) => ({ ...type, limit: have }));
  return document({ dimensions: DIMENSIONS, items, bins, options: { ...options(draft), steps: Math.min(draft.steps, 262_144) } });
}
