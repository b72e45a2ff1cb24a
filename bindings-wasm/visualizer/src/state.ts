// The state of the page: one scenario, the simulation that carries it out, and what is being looked at. Panels read signals and call
// the functions here; nothing else changes anything.

import { computed, signal, untracked } from "@preact/signals";
import { type Diagnosis, inWords, type Usage } from "./engine.ts";
import { isSame, ofForm } from "./model/definition.ts";
import { choices, group, type Section } from "./model/grouping.ts";
import { type Action, DEFAULT, type Draft, type Look, rulesOf, type Scenario, type Source } from "./model/scenario.ts";
import { Simulation } from "./model/simulation.ts";
import { type Snapshot, take } from "./model/snapshot.ts";

/** Something to tell. */
export interface Notice {
  readonly kind: "error" | "good";
  readonly text: string;
}

/** The parts of the scenario that are no history. */
export const source = signal<Source>(DEFAULT.source);
export const definitions = signal<readonly object[]>([]);
export const draft = signal<Draft>(DEFAULT.draft);
export const look = signal<Look>(DEFAULT.look);
export const query = signal("");
export const other = signal<readonly string[]>(DEFAULT.other);

/** The cluster, and a number that rises with each change to it. */
export const simulation = signal<Simulation | undefined>(undefined);
export const revision = signal(0);

export const notice = signal<Notice | undefined>(undefined);
/** What is being worked on; undefined where nothing is. */
export const busy = signal<string | undefined>(undefined);
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
  return current === undefined ? undefined : read(current);
};

export const snapshot = computed<Snapshot | undefined>(() => withSimulation(({ cluster }) => take(cluster)));
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

/** The expression as the editor wants it. */
export const diagnosis = computed<Diagnosis | undefined>(() => {
  const text = query.value;
  return text.trim() === "" ? undefined : withSimulation(({ cluster }) => cluster.diagnose(text));
});
/** The instances that the expression selects; undefined where there is none that compiles. */
export const selection = computed<Uint32Array | undefined>(() => {
  if (pointed.value !== undefined) return pointed.value.positions;
  const text = query.value;
  if (diagnosis.value?.canonical === undefined) return undefined;
  return withSimulation(({ cluster }) => cluster.queryPositions(text));
});

/** Does some work, and tells what goes wrong with it; whether nothing did. */
export function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    recover();
    notice.value = { kind: "error", text: inWords(error) };
    return false;
  }
}

/** Makes the cluster again, with what was done to it, where the engine has lost it: it ran out of memory, or failed. */
function recover(): void {
  const current = simulation.value;
  if (current === undefined || current.cluster.isUsable) return;
  const log = current.steps.map((step) => step.action);
  const again = { source: source.value, definitions: definitions.value };
  try {
    simulation.value = new Simulation({ ...again, log });
  } catch {
    // Then what was done is too much; the cluster as it was opened is not.
    simulation.value = new Simulation({ ...again, log: [] });
  }
  changed();
}

/** Says that something is being worked on, lets the page be drawn, and does it. */
export async function attemptLong(what: string, work: () => void): Promise<boolean> {
  busy.value = what;
  await new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done)));
  const isDone = attempt(work);
  busy.value = undefined;
  return isDone;
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
    ...(current !== undefined && log.length > 0 ? { fingerprint: current.cluster.fingerprint().toString(16) } : {}),
  };
}

/** Opens a scenario in place of what is there. Throws what the engine refuses; then nothing has changed. */
export function openScenario(next: Scenario): void {
  const opened = new Simulation(next);
  const before = simulation.value;
  playing.value = undefined;
  shown.value = undefined;
  pinned.value = undefined;
  pointed.value = undefined;
  source.value = next.source;
  definitions.value = next.definitions;
  look.value = next.look;
  query.value = next.query;
  other.value = next.other;
  simulation.value = opened;
  revision.value += 1;
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
export function openSource(next: Source): void {
  // The trace has no zones to spread over.
  const strategies = next.kind === "openb" ? ["binpack:memory"] : draft.value.strategies;
  const groupBy = next.kind === "openb" ? "gpu-model" : look.value.groupBy;
  const kept = { look: { ...look.value, groupBy }, other: other.value, draft: { ...draft.value, strategies, memberOf: [] } };
  openScenario({ ...DEFAULT, ...kept, source: next });
}

/** Name of the definition that the draft asks for; it is registered if it is new. Throws what is wrong with it. */
export function drafted(): string {
  const current = simulation.value;
  const { from, known: name, form, json } = draft.value;
  if (current === undefined) throw new Error("there is no cluster yet");
  if (from === "known") return name;
  const definition = from === "form" ? ofForm(form) : (JSON.parse(json) as object);
  const text = JSON.stringify(definition);
  const before = registered.get(current)?.get(text);
  if (before !== undefined && definitions.value.some((each) => isSame(each, definition))) return before;
  const given = current.cluster.registerTaskDefinition(definition);
  const names = registered.get(current) ?? new Map<string, string>();
  registered.set(current, names.set(text, given));
  definitions.value = [...definitions.value, definition];
  return given;
}
/** By simulation: names of the definitions that the draft brought, by their texts. */
const registered = new WeakMap<Simulation, Map<string, string>>();

/** Does something to the cluster. */
export function act(action: Action): boolean {
  return attempt(() => {
    notice.value = undefined;
    simulation.value?.do(action);
    changed();
  });
}

/** Places so many tasks of the draft. */
export function place(count: number): boolean {
  let action: Action | undefined;
  const isRead = attempt(() => {
    action = { kind: "place", ...rulesOf(draft.value), definition: drafted(), count, group: draft.value.group.trim() };
  });
  return isRead && action !== undefined && act(action);
}

/** Places the next arrivals of a trace. */
export function arrive(count: number): boolean {
  const current = simulation.value;
  if (current?.arrivals === undefined) return false;
  const from = current.arrived;
  const left = current.arrivals.sequence.length - from;
  if (left === 0) return false;
  return act({ kind: "arrivals", ...rulesOf(draft.value), from, count: Math.min(count, left) });
}

export function undo(): void {
  attempt(() => simulation.value?.undo());
  changed();
}

export function redo(): void {
  attempt(() => simulation.value?.redo());
  changed();
}

function changed(): void {
  shown.value = undefined;
  pointed.value = undefined;
  revision.value += 1;
}
