// What the panels that plan ask for.

import type { Entered, Range } from "./whole.ts";

/** What the panels Pack, Fleet and Rearrange ask for. */
export interface PlanDraft {
  /** The running tasks, or a list. */
  readonly from: "tasks" | "list";
  readonly list: string;
  /** The cluster's own types, some of the page's catalogue, or types that were given. */
  readonly into: "cluster" | "catalogue" | "given";
  readonly chosen: readonly string[];
  readonly given: string;
  readonly bound: "fast" | "lp";
  /** Steps of a search, which end it at the same answer everywhere. */
  readonly steps: number;
  /** Percent of each instance bought that stays free, and what a daemon takes of it. */
  readonly headroomPercent: Entered;
  readonly daemonCpu: Entered;
  readonly daemonMemory: Entered;
  /** Fewest zones; 0 where they do not matter. */
  readonly zonesMin: Entered;
  readonly goal: "empty" | "spread";
  readonly moves: Entered;
  readonly movesPerGroup: Entered;
  readonly stopFirst: boolean;
  /** The plan that is shown; it is made again where the scenario is opened. */
  readonly shown: "" | "pack" | "fleet" | "rearrange";
}

/** Most moves of a plan. */
const MOVES_MAX = 10_000;

/** What the fields for numbers take. */
export const RANGES = {
  headroomPercent: { name: "Headroom, %", least: 0, most: 90 },
  daemonCpu: { name: "Daemon, CPU units", least: 0, most: 1_000_000 },
  daemonMemory: { name: "Daemon, MiB", least: 0, most: 10_000_000 },
  zonesMin: { name: "Zones, at least", least: 0, most: 6 },
  moves: { name: "Moves, at most", least: 0, most: MOVES_MAX },
  movesPerGroup: { name: "Of one group, at most", least: 0, most: MOVES_MAX },
} as const satisfies Partial<Readonly<Record<keyof PlanDraft, Range>>>;

/** What the panels begin with. */
export const DRAFT: PlanDraft = {
  from: "tasks",
  list: '[\n  {"id": "web", "demand": [256, 512], "count": 40},\n  {"id": "cache", "demand": [512, 6144], "count": 12},\n  {"id": "encode", "demand": [3072, 2048], "count": 9}\n]',
  into: "cluster",
  chosen: [
    "m6i.large",
    "m6i.xlarge",
    "m6i.2xlarge",
    "c6i.xlarge",
    "c6i.2xlarge",
    "r6i.xlarge",
    "r6i.2xlarge",
    "m7g.xlarge",
    "g4dn.xlarge",
    "g5.12xlarge",
  ],
  given: "id,cpu,memory,cost\nsmall,2048,7690,0.096\nlarge,8192,31530,0.384",
  bound: "fast",
  steps: 4_194_304,
  headroomPercent: 0,
  daemonCpu: 0,
  daemonMemory: 0,
  zonesMin: 0,
  goal: "empty",
  moves: 20,
  movesPerGroup: 20,
  stopFirst: false,
  shown: "",
};

/** Values that a key may have, where it is one of few. */
const CHOICES: Partial<Readonly<Record<keyof PlanDraft, readonly string[]>>> = {
  from: ["tasks", "list"],
  into: ["cluster", "catalogue", "given"],
  bound: ["fast", "lp"],
  goal: ["empty", "spread"],
  shown: ["", "pack", "fleet", "rearrange"],
};

/** The first key that is not as it should be. */
export function wrongIn(draft: PlanDraft): string | undefined {
  const given: Readonly<Record<string, unknown>> = { ...draft };
  return Object.entries(DRAFT).find(([key, usual]) => {
    const value = given[key];
    const choices = CHOICES[key as keyof PlanDraft];
    if (choices !== undefined) return !choices.includes(value as string);
    // As it was entered; what is wrong with it is said where it is shown and used.
    if (Object.hasOwn(RANGES, key) && typeof value === "string") return false;
    if (typeof usual === "number") return !(typeof value === "number" && Number.isSafeInteger(value) && value >= 0);
    if (Array.isArray(usual)) return !(Array.isArray(value) && value.every((each) => typeof each === "string"));
    return typeof value !== typeof usual;
  })?.[0];
}
