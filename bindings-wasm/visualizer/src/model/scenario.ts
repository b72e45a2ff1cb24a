// A scenario: everything the page shows, as one document. Whoever opens it sees the same, because the engine draws nothing that
// is not seeded.

import { DRAFT, type PlanDraft, wrongIn } from "./plan.ts";
import type { Entered, Range } from "./whole.ts";

/** Names the format; a document with another is refused. */
export const FORMAT = "placewright-scenario/1";

/** Most tasks that one step places. */
const STEP_MAX = 1_000_000;

/** A file as it was given. */
export interface GivenFile {
  readonly name: string;
  readonly text: string;
}

/** Where the instances come from. */
export type Source =
  | { readonly kind: "sample" }
  | { readonly kind: "openb" }
  | {
      readonly kind: "synthetic";
      readonly zones: number;
      readonly types: readonly string[];
      readonly count: number;
      readonly seed: number;
    }
  | { readonly kind: "files"; readonly files: readonly GivenFile[] };

/** The request's rules and conditions. */
export interface Rules {
  /** Most important first, as the engine reads them: `spread:attribute:ecs.availability-zone`. */
  readonly strategies: readonly string[];
  /** No two tasks of the group on one instance. */
  readonly isDistinct: boolean;
  /** Expressions that instances have to satisfy. */
  readonly memberOf: readonly string[];
  /** Of draws, as it was entered; `SEED` says what it has to be. */
  readonly seed: string;
}

/** What a seed is. */
export const SEED: Range = { name: "Seed of draws", least: 0, most: 2n ** 64n - 1n };

/** A task definition as the form has it. */
export interface TaskForm {
  readonly family: string;
  readonly cpu: Entered;
  readonly memory: Entered;
  /** Whole GPUs. */
  readonly gpus: Entered;
  /** Static host ports, separated by commas. */
  readonly ports: string;
}

/** What is to be placed. */
export interface Draft extends Rules {
  /** A definition of the cluster by name, the form, or a text in JSON. */
  readonly from: "known" | "form" | "json";
  readonly known: string;
  readonly form: TaskForm;
  readonly json: string;
  /** Task group; empty for `family:NAME`. */
  readonly group: string;
}

/** Something that was done to the cluster. */
export type Action =
  | (Rules & { readonly kind: "place"; readonly definition: string; readonly count: number; readonly group: string })
  | (Rules & { readonly kind: "arrivals"; readonly from: number; readonly count: number })
  | { readonly kind: "stop"; readonly task: string }
  | {
      readonly kind: "move";
      readonly task: string;
      readonly from: string;
      readonly to: string;
      readonly stopFirst: boolean;
    }
  | { readonly kind: "drain" | "activate"; readonly instance: string };

/** How the instances are shown. */
export interface Look {
  /** Attribute by which they are grouped; empty for one group. */
  readonly groupBy: string;
  /** Bars to the scale of the largest instance rather than each as high as the others. */
  readonly isToScale: boolean;
}

/** A task definition: an object, or its text, which has integers of any size. */
export type Definition = object | string;

/** The document. */
export interface Scenario {
  readonly format: typeof FORMAT;
  readonly source: Source;
  /** Definitions beside those of the source, in order of registration. */
  readonly definitions: readonly Definition[];
  readonly draft: Draft;
  readonly log: readonly Action[];
  readonly look: Look;
  /** The expression whose instances are highlighted. */
  readonly query: string;
  /** The other chain of a comparison. */
  readonly other: readonly string[];
  /** What the panels that plan ask for, and which plan is shown. */
  readonly plan: PlanDraft;
  /** Number for the state after the log, to check a replay by. */
  readonly fingerprint?: string;
}

/** What the page begins with. */
export const DEFAULT: Scenario = {
  format: FORMAT,
  source: { kind: "sample" },
  definitions: [],
  draft: {
    from: "known",
    known: "web:7",
    form: { family: "app", cpu: 512, memory: 1024, gpus: 0, ports: "" },
    json: "",
    group: "",
    strategies: ["spread:attribute:ecs.availability-zone", "binpack:memory"],
    isDistinct: false,
    memberOf: [],
    seed: "0",
  },
  log: [],
  look: { groupBy: "ecs.availability-zone", isToScale: false },
  query: "",
  other: ["spread:instanceId"],
  plan: DRAFT,
};

/** The rules of anything that has them, and nothing else. */
export function rulesOf({ strategies, isDistinct, memberOf, seed }: Rules): Rules {
  return { strategies, isDistinct, memberOf, seed };
}

/** Constraints as the engine reads them; expressions that are empty are left out. */
export function constraintsOf(rules: Rules): string[] {
  const expressions = rules.memberOf.filter((expression) => expression.trim() !== "");
  return [...(rules.isDistinct ? ["distinctInstance"] : []), ...expressions.map((expression) => `memberOf:${expression}`)];
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === "string");
const isCount = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0;

/** A scenario from what a link or a file holds. Throws in words where it is none. */
export function read(value: unknown): Scenario {
  if (!isObject(value) || value.format !== FORMAT) throw new Error(`this is no scenario: \`format\` is not \`${FORMAT}\``);
  const merged = { ...DEFAULT, ...value } as Scenario & Fields;
  const need = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`this scenario cannot be read: \`${what}\` is not as it should be`);
  };
  need(isSource(merged.source), "source");
  need(
    Array.isArray(merged.definitions) && merged.definitions.every((each) => isObject(each) || typeof each === "string"),
    "definitions",
  );
  need(isObject(merged.draft) && isObject({ ...merged.draft }.form), "draft");
  const draft = { ...DEFAULT.draft, ...merged.draft, form: { ...DEFAULT.draft.form, ...merged.draft.form } };
  need(isRules(draft) && ["known", "form", "json"].includes(draft.from), "draft");
  need(
    [draft.known, draft.json, draft.group].every((text) => typeof text === "string"),
    "draft",
  );
  need(
    [draft.form.cpu, draft.form.memory, draft.form.gpus].every((value) => typeof value === "string" || isCount(value)),
    "draft.form",
  );
  need(typeof draft.form.family === "string" && typeof draft.form.ports === "string", "draft.form");
  need(Array.isArray(merged.log) && merged.log.every(isAction), "log");
  need(isObject(merged.look), "look");
  need(typeof merged.query === "string", "query");
  need(isTexts(merged.other), "other");
  need(isObject(merged.plan), "plan");
  const plan = { ...DRAFT, ...merged.plan };
  const wrong = wrongIn(plan);
  need(wrong === undefined, `plan.${wrong}`);
  need(merged.fingerprint === undefined || typeof merged.fingerprint === "string", "fingerprint");
  const { groupBy, isToScale } = { ...DEFAULT.look, ...merged.look };
  need(typeof groupBy === "string", "look.groupBy");
  return { ...merged, draft, plan, look: { groupBy, isToScale: isToScale === true } };
}

function isSource(value: unknown): boolean {
  if (!isObject(value)) return false;
  switch (value.kind) {
    case "sample":
    case "openb":
      return true;
    case "synthetic":
      return [value.zones, value.count, value.seed].every(isCount) && isTexts(value.types);
    case "files": {
      const files = value.files;
      return Array.isArray(files) && files.every((file) => isObject(file) && isTexts([file.name, file.text]));
    }
    default:
      return false;
  }
}

function isRules(value: Fields | Draft): boolean {
  const { strategies, isDistinct, memberOf, seed } = value as Fields;
  return isTexts(strategies) && typeof isDistinct === "boolean" && isTexts(memberOf) && typeof seed === "string";
}

function isAction(value: unknown): boolean {
  if (!isObject(value)) return false;
  switch (value.kind) {
    case "place":
      return isRules(value) && isTexts([value.definition, value.group]) && isCount(value.count) && value.count <= STEP_MAX;
    case "arrivals":
      return isRules(value) && isCount(value.from) && isCount(value.count);
    case "stop":
      return typeof value.task === "string";
    case "move":
      return isTexts([value.task, value.from, value.to]) && typeof value.stopFirst === "boolean";
    case "drain":
    case "activate":
      return typeof value.instance === "string";
    default:
      return false;
  }
}
