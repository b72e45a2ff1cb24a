// The state of the page: one scenario, the simulation that carries it out, and what is being looked at. Panels read signals and call
// the functions here; nothing else changes anything.

import { computed, signal, untracked } from "@preact/signals";
import { type Completion, complete, type Diagnosis, diagnose, inWords, select, type Usage } from "./engine.ts";
import { isSame, ofForm } from "./model/definition.ts";
import { choices, group, type Section } from "./model/grouping.ts";
import { type Pace, Stopped } from "./model/pace.ts";
import type { PlanDraft } from "./model/plan.ts";
import {
  type Action,
  DEFAULT,
  type Definition,
  type Draft,
  type Look,
  type Rules,
  rulesOf,
  type Scenario,
  SEED,
  type Source,
} from "./model/scenario.ts";
import { Simulation } from "./model/simulation.ts";
import { type Snapshot, take } from "./model/snapshot.ts";
import { within } from "./model/whole.ts";

/** Something to tell. */
export interface Notice {
  readonly kind: "error" | "good";
  readonly text: string;
}

/** Something that goes on. */
export interface Work {
  readonly what: string;
  /** How much of it is done, 0 to 1, where that is known. */
  readonly share?: number;
  /** Ends it; what it did is taken back. */
  readonly stop?: () => void;
}

/** The parts of the scenario that are no history. */
export const source = signal<Source>(DEFAULT.source);
export const definitions = signal<readonly Definition[]>([]);
export const draft = signal<Draft>(DEFAULT.draft);
export const look = signal<Look>(DEFAULT.look);
export const query = signal("");
export const other = signal<readonly string[]>(DEFAULT.other);
export const planned = signal<PlanDraft>(DEFAULT.plan);

/** The cluster, and a number that rises with each change to it. */
export const simulation = signal<Simulation | undefined>(undefined);
export const revision = signal(0);

export const notice = signal<Notice | undefined>(undefined);
/** What is being worked on; undefined where nothing is. */
export const busy = signal<Work | undefined>(undefined);
/** The panel that is open. */
export const tab = signal("place");
/** The step that is explained, and the task of it; undefined for the last one. */
export const shown = signal<{ readonly step: number; readonly task: number } | undefined>(undefined);
/** The instance whose details are shown. */
export const pinned = signal<number | undefined>(undefined);
/** Instances that a panel points at, in place of those of the expression. */
export const pointed = signal<{ readonly label: string; readonly positions: Uint32Array } | undefined>(undefined);
/** What is placed one after another while it plays. */
export const playing = signal<"tasks" | "arrivals" | undefined>(undefined);

const withSimulation = <T>(read: (simulation: Simulation) => T): T | undefined => {
  revision.value;
  const current = simulation.value;
  if (current === undefined) return undefined;
  try {
    return read(current);
  } catch (error) {
    if (current.cluster.isUsable) throw error;
    // The engine failed in what was to be shown, and not in what was done: with another one it can be shown.
    queueMicrotask(() => {
      if (notice.value === undefined) notice.value = { kind: "error", text: inWords(error) };
      mend();
    });
    return undefined;
  }
};

export const snapshot = computed<Snapshot | undefined>(() =>
  withSimulation((current) => {
    const taken = ready.get(current) ?? take(current.cluster, seen.get(current));
    ready.delete(current);
    seen.set(current, taken.groups);
    return taken;
  }),
);
/** By simulation: the arrays of one that is not shown yet. */
const ready = new WeakMap<Simulation, Snapshot>();
/** By simulation: task groups that were shown, which keep their colours. */
const seen = new WeakMap<Simulation, readonly string[]>();
export const usage = computed<Usage | undefined>(() => withSimulation(({ cluster }) => cluster.usage()));
export const known = computed<readonly string[]>(() => withSimulation(({ cluster }) => cluster.definitions()) ?? []);
/** What instances can be grouped by; no step changes their attributes. */
export const groupings = computed<readonly string[]>(() => {
  const current = simulation.value;
  const taken = untracked(() => snapshot.value);
  return current === undefined || taken === undefined ? [] : choices(current.cluster, taken);
});
/** Which sections there are does not depend on tasks, so it is worked out anew for another cluster or another attribute only; but
 * draining changes the status. */
export const sections = computed<readonly Section[] | undefined>(() => {
  const by = look.value.groupBy;
  const current = simulation.value;
  if (by === "status") revision.value;
  const taken = untracked(() => snapshot.value);
  return current === undefined || taken === undefined ? undefined : group(current.cluster, taken, by);
});

/** An expression as an editor wants it; undefined where it is empty. */
export const diagnosisOf = (text: string): Diagnosis | undefined =>
  text.trim() === "" ? undefined : withSimulation(({ cluster }) => diagnose(cluster, text));
/** What may come next in an expression. */
export const completionOf = (text: string, at: number): Completion | undefined =>
  withSimulation(({ cluster }) => complete(cluster, text, at));
export const diagnosis = computed<Diagnosis | undefined>(() => diagnosisOf(query.value));
/** The instances that the expression selects; undefined where there is none that compiles. */
export const selection = computed<Uint32Array | undefined>(() => {
  if (pointed.value !== undefined) return pointed.value.positions;
  const text = query.value;
  if (diagnosis.value?.canonical === undefined) return undefined;
  return withSimulation(({ cluster }) => select(cluster, text));
});

/** Does some work at once, and tells what goes wrong with it; whether nothing did. */
export function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    notice.value = { kind: "error", text: inWords(error) };
    mend();
    return false;
  }
}

/** Milliseconds after which the page is drawn, and after which it says what it works on. */
const [SLICE, SAID_AFTER] = [24, 120];

/** What was asked for last; the next waits for it. */
let last: Promise<unknown> = Promise.resolve();
/** How many have been asked for and are not done; and which of them the reader wants no more. */
let [waiting, begun, stopped] = [0, 0, 0];

/** Whether nothing is being done to the cluster. */
export const isIdle = (): boolean => waiting === 0;

/** Does some work in slices, after what was asked for before; whether it was done. What goes wrong with it is told. */
export function attemptPaced(what: string, work: (pace: Pace) => Promise<void> | void): Promise<boolean> {
  begun += 1;
  waiting += 1;
  const turn = begun;
  const done = last.then(() => carryOut(what, turn, work));
  last = done;
  return done;
}

async function carryOut(what: string, turn: number, work: (pace: Pace) => Promise<void> | void): Promise<boolean> {
  const start = performance.now();
  let drawn = start;
  const stop = () => {
    stopped = begun;
  };
  try {
    if (turn <= stopped) return false;
    await work((done, total) => {
      const now = performance.now();
      if (now - drawn < SLICE) return undefined;
      if (now - start > SAID_AFTER) busy.value = { what, share: total === 0 ? 0 : done / total, stop };
      return new Promise((go, end) => {
        setTimeout(() => {
          drawn = performance.now();
          if (turn <= stopped) end(new Stopped());
          else go();
        });
      });
    });
    return true;
  } catch (error) {
    if (error instanceof Stopped) notice.value = { kind: "good", text: `${what}: stopped, and nothing of it was done.` };
    else notice.value = { kind: "error", text: inWords(error) };
    await recover();
    return false;
  } finally {
    busy.value = undefined;
    waiting -= 1;
  }
}

/** Says that something is being worked on, lets the page be drawn, and does it. */
export function attemptLong(what: string, work: (pace: Pace) => Promise<void> | void): Promise<boolean> {
  return attemptPaced(what, async (pace) => {
    busy.value = { what };
    await new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done)));
    await work(pace);
  });
}

/** Makes the cluster again where the engine has lost it. */
export async function mend(): Promise<void> {
  if (simulation.peek()?.cluster.isUsable === false) await attemptPaced("Making the cluster again", recover);
}

/** Makes the cluster again, with what was done to it, where the engine has lost it: it ran out of memory, or failed. */
async function recover(): Promise<void> {
  const current = simulation.value;
  if (current === undefined || current.cluster.isUsable) return;
  const log = current.steps.map((step) => step.action);
  const again = { source: source.value, definitions: definitions.value };
  try {
    simulation.value = await Simulation.open({ ...again, log });
  } catch {
    // Then what was done is too much; the cluster as it was opened is not.
    simulation.value = await Simulation.open({ ...again, log: [] });
  }
  changed();
}

/** Everything as one document. */
export function scenario(): Scenario {
  const current = simulation.value;
  const log = current?.steps.map((step) => step.action) ?? [];
  return {
    format: DEFAULT.format,
    source: source.value,
    definitions: definitions.value,
    draft: draft.value,
    log,
    look: look.value,
    query: query.value,
    other: other.value,
    plan: planned.value,
    ...(current !== undefined && log.length > 0 ? { fingerprint: current.cluster.fingerprint().toString(16) } : {}),
  };
}

/** Opens a scenario in place of what is there. Throws what the engine refuses; then nothing has changed. */
export async function openScenario(next: Scenario, pace: Pace): Promise<void> {
  const opened = await Simulation.open(next, pace);
  try {
    // What takes long of showing it, so that the page is drawn once more before the rest.
    await pace(1, 1);
    ready.set(opened, take(opened.cluster));
    await pace(1, 1);
  } catch (error) {
    opened.free();
    throw error;
  }
  const before = simulation.value;
  notice.value = undefined;
  playing.value = undefined;
  shown.value = undefined;
  pinned.value = undefined;
  pointed.value = undefined;
  source.value = next.source;
  definitions.value = next.definitions;
  look.value = next.look;
  query.value = next.query;
  other.value = next.other;
  planned.value = next.plan;
  simulation.value = opened;
  revision.value += 1;
  // Its arrays are read before anything is done to it, and then never again.
  snapshot.peek();
  const names = opened.cluster.definitions();
  const isKnown = names.includes(next.draft.known);
  draft.value = {
    ...next.draft,
    known: isKnown ? next.draft.known : (names[0] ?? ""),
    from: names.length === 0 && next.draft.from === "known" ? "form" : next.draft.from,
  };
  if (look.value.groupBy !== "" && !groupings.value.includes(look.value.groupBy)) {
    look.value = { ...look.value, groupBy: groupings.value[0] ?? "" };
  }
  before?.free();
  if (next.fingerprint === undefined) return;
  const isSameState = opened.cluster.fingerprint().toString(16) === next.fingerprint;
  notice.value = isSameState
    ? {
        kind: "good",
        text: `Replayed ${next.log.length} ${next.log.length === 1 ? "step" : "steps"}: the same state, to the last bit.`,
      }
    : {
        kind: "error",
        text: "The replay ended in another state than the one that was shared; the engine may be another version.",
      };
}

/** Opens a source with an empty log, and keeps what is asked for. */
export function openSource(next: Source, pace: Pace, by?: string): Promise<void> {
  // The trace has no zones to spread over.
  const strategies = next.kind === "openb" ? ["binpack:memory"] : draft.value.strategies;
  const groupBy = by ?? (next.kind === "openb" ? "gpu-model" : look.value.groupBy);
  const plan = { ...planned.value, shown: "" as const };
  const kept = {
    look: { ...look.value, groupBy },
    other: other.value,
    plan,
    draft: { ...draft.value, strategies, memberOf: [] },
  };
  return openScenario({ ...DEFAULT, ...kept, source: next }, pace);
}

/** The rules that the draft asks for. Throws what is wrong with its seed. */
export function draftedRules(): Rules {
  within(draft.value.seed, SEED);
  return rulesOf(draft.value);
}

/** Name of the definition that the draft asks for; it is registered if it is new. Throws what is wrong with it. */
export function drafted(): string {
  const current = simulation.value;
  const { from, known: name, form, json } = draft.value;
  if (current === undefined) throw new Error("there is no cluster yet");
  if (from === "known") return name;
  // JSON goes to the engine as it was written, which says where it is wrong and reads every integer.
  const definition: Definition = from === "form" ? ofForm(form) : json;
  const text = JSON.stringify(definition);
  const before = registered.get(current)?.get(text);
  if (before !== undefined && definitions.value.some((each) => isSame(each, definition))) return before;
  const given = current.register(definition);
  const names = registered.get(current) ?? new Map<string, string>();
  registered.set(current, names.set(text, given));
  definitions.value = [...definitions.value, definition];
  return given;
}
/** By simulation: names of the definitions that the draft brought, by their texts. */
const registered = new WeakMap<Simulation, Map<string, string>>();

/** Does something to the cluster that is made up when its turn comes; whether it was done. */
function perform(what: string, action: (current: Simulation) => Action | undefined): Promise<boolean> {
  return attemptPaced(what, async (pace) => {
    const current = simulation.value;
    if (current === undefined) return;
    notice.value = undefined;
    const next = action(current);
    if (next === undefined) return;
    await current.do(next, pace);
    changed();
  });
}

/** Does something to the cluster. What it names is of the one that is there now: another one that is opened meanwhile stays as it is. */
export function act(action: Action): Promise<boolean> {
  const asked = simulation.peek();
  return perform("Changing the cluster", (current) => (current === asked ? action : undefined));
}

/** Does several things to the cluster, each a step of its own, or none of them; whether they were done. */
export function actAll(what: string, actions: readonly Action[]): Promise<boolean> {
  const asked = simulation.peek();
  return attemptPaced(what, async (pace) => {
    const current = simulation.value;
    if (current === undefined || current !== asked) return;
    notice.value = undefined;
    let done = 0;
    try {
      for (const action of actions) {
        await current.do(action);
        done += 1;
        await pace(done, actions.length);
      }
    } catch (error) {
      if (current.cluster.isUsable) {
        for (; done > 0; done -= 1) current.undo();
        current.undone.length = 0;
      }
      throw error;
    } finally {
      changed();
    }
  });
}

/** Places so many tasks of the draft. */
export const place = (count: number): Promise<boolean> =>
  perform(`Placing ${count.toLocaleString("en")} tasks`, () => {
    const rules = draftedRules();
    const definition = drafted();
    return { kind: "place", ...rules, definition, count, group: draft.value.group.trim() };
  });

/** Places the next arrivals of a trace. */
export const arrive = (count: number): Promise<boolean> =>
  perform("Placing arrivals", (current) => {
    const from = current.arrived;
    const left = (current.arrivals?.sequence.length ?? 0) - from;
    return left === 0 ? undefined : { kind: "arrivals", ...draftedRules(), from, count: Math.min(count, left) };
  });

export const undo = (): Promise<boolean> =>
  attemptPaced("Undoing", () => {
    simulation.value?.undo();
    changed();
  });

export const redo = (): Promise<boolean> =>
  attemptPaced("Doing it again", async (pace) => {
    await simulation.value?.redo(pace);
    changed();
  });

function changed(): void {
  shown.value = undefined;
  pointed.value = undefined;
  revision.value += 1;
}
