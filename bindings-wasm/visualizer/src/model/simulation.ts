// A cluster with the history of what was done to it. Each step stands on a savepoint: undoing rolls back to it, redoing asks the
// engine again, which answers the same. That also lets any earlier moment be looked at: go back, look, and come forward.

import type { Cluster, Explanation, Move, Placement, RearrangePlan, Request, Savepoint } from "../engine.ts";
import type { Arrivals } from "./arrivals.ts";
import { servicesOf } from "./items.ts";
import { open } from "./open.ts";
import { type Pace, partOf, Slices, unpaced } from "./pace.ts";
import { type Action, constraintsOf, type Definition, type Rules, type Scenario, SEED } from "./scenario.ts";

import { type Snapshot, take } from "./snapshot.ts";
import { within } from "./whole.ts";

/** Something that was done, and what came of it. */
export interface Step {
  readonly action: Action;
  readonly savepoint: Savepoint;
  /** Tasks placed, each with its instance. */
  readonly placements: readonly Placement[];
  readonly rejected: number;
  /** Why the first task that found no place found none. */
  readonly reasons: readonly (readonly [string, number])[];
  /** Milliseconds that the engine took. */
  readonly millis: number;
}

/** What an action brings about, before it has a savepoint. */
type Outcome = Pick<Step, "placements" | "rejected" | "reasons">;

/** The options of a request with these rules. Throws in words for a seed that is none. */
export function optionsOf(rules: Rules, count: number, group: string) {
  return {
    count,
    strategies: rules.strategies,
    constraints: constraintsOf(rules),
    seed: within(rules.seed, SEED),
    ...(group === "" ? {} : { group }),
  };
}

/** Actions of these kinds. */
type Of<Kind extends Action["kind"]> = Action & { readonly kind: Kind };

const NOTHING: Outcome = { placements: [], rejected: 0, reasons: [] };

/** The cluster of a scenario, with its log carried out. Of what takes long, one thing at a time is asked for. */
export class Simulation {
  readonly cluster: Cluster;
  readonly arrivals: Arrivals | undefined;
  readonly steps: Step[] = [];
  /** What was undone, the last first. */
  readonly undone: Action[] = [];
  /** Definitions beside those of the source, with their names. */
  readonly #registered: { readonly name: string; readonly definition: Definition }[] = [];

  private constructor(cluster: Cluster, arrivals: Arrivals | undefined) {
    this.cluster = cluster;
    this.arrivals = arrivals;
  }

  /** Opens a scenario and does what its log says. Throws what the engine refuses. */
  static async open(
    { source, definitions, log }: Pick<Scenario, "source" | "definitions" | "log">,
    pace: Pace = unpaced,
  ): Promise<Simulation> {
    const { cluster, arrivals } = await open(source, partOf(pace, 0, 1 + log.length));
    const simulation = new Simulation(cluster, arrivals);
    try {
      for (const definition of definitions) simulation.register(definition);
      for (const [at, action] of log.entries()) {
        await simulation.do(action, partOf(pace, 1 + at, 1 + log.length));
        await pace(at + 2, 1 + log.length);
      }
      return simulation;
    } catch (error) {
      cluster.free();
      throw error;
    }
  }

  /** Registers a definition; gives its name. It stays, also when the step before it is undone. */
  register(definition: Definition): string {
    const name = this.cluster.registerTaskDefinition(definition);
    this.#registered.push({ name, definition });
    return name;
  }

  /** Does something; what was undone is forgotten. Where it fails or is stopped, it was not done at all. */
  async do(action: Action, pace: Pace = unpaced): Promise<Step> {
    const step = await this.#carryOut(action, pace);
    this.undone.length = 0;
    return step;
  }

  /** Takes the last step back. */
  undo(): void {
    const step = this.steps.pop();
    if (step === undefined) return;
    step.savepoint.rollback();
    this.#keepDefinitions();
    this.undone.push(step.action);
  }

  /** Asks for what was undone last again. */
  async redo(pace: Pace = unpaced): Promise<void> {
    const action = this.undone.at(-1);
    if (action === undefined) return;
    await this.#carryOut(action, pace);
    this.undone.pop();
  }

  /** How many arrivals there were so far. */
  get arrived(): number {
    const last = this.steps.findLast((step) => step.action.kind === "arrivals");
    return last?.action.kind === "arrivals" ? last.action.from + last.action.count : 0;
  }

  /** Why task `index` of step `at` went where it went; that of the first task without a place, where `index` is one more. */
  explain(at: number, index: number): Explanation | undefined {
    const step = this.steps[at];
    if (step === undefined) return undefined;
    const { action } = step;
    if (action.kind !== "place" && action.kind !== "arrivals") return undefined;
    // The first task without a place found the cluster as the step has left it.
    const isAsLeft = at === this.steps.length - 1 && index === step.placements.length && step.rejected > 0;
    if (isAsLeft && action.kind === "place") return this.#explainPlace(action, 0);
    const later = this.steps.slice(at);
    const undone = this.undone.slice();
    while (this.steps.length > at) this.undo();
    const savepoint = this.cluster.begin();
    try {
      return action.kind === "place" ? this.#explainPlace(action, index) : this.#explainArrival(action, index);
    } finally {
      if (this.cluster.isUsable) {
        savepoint.rollback();
        for (const each of later) this.#again(each);
      }
      this.undone.splice(0, Infinity, ...undone);
    }
  }

  /** The cluster as it would be after some moves; `groups` keep their colours. Throws where one of them cannot be made. */
  preview(moves: readonly Move[], stopFirst: boolean, groups: readonly string[]): Snapshot {
    const savepoint = this.cluster.begin();
    try {
      this.#move(moves, stopFirst);
      return take(this.cluster, groups);
    } finally {
      if (this.cluster.isUsable) savepoint.rollback();
    }
  }

  /** Gives the engine's memory back. */
  free(): void {
    this.cluster.free();
  }

  /** What was registered after a savepoint goes with it when that is rolled back. */
  #keepDefinitions(): void {
    const known = new Set(this.cluster.definitions());
    for (const { name, definition } of this.#registered) {
      if (!known.has(name)) this.cluster.registerTaskDefinition(definition);
    }
  }

  async #carryOut(action: Action, pace: Pace): Promise<Step> {
    const savepoint = this.cluster.begin();
    try {
      let pauses = 0;
      const start = performance.now();
      const outcome = await this.#outcome(action, async (done, total) => {
        const before = performance.now();
        await pace(done, total);
        pauses += performance.now() - before;
      });
      const step = { action, savepoint, ...outcome, millis: performance.now() - start - pauses };
      this.steps.push(step);
      return step;
    } catch (error) {
      // An engine that has failed has no savepoints any more.
      if (this.cluster.isUsable) savepoint.rollback();
      throw error;
    }
  }

  /** Carries out once more what was done and is known: the same, without making anything of the answers. */
  #again(step: Step): void {
    const { action } = step;
    const savepoint = this.cluster.begin();
    if (action.kind === "place") this.#placeAgain(action, step.placements.length);
    else if (action.kind === "arrivals") this.#arriveAgain(action, action.count);
    else this.#change(action);
    this.steps.push({ ...step, savepoint });
  }

  async #outcome(action: Action, pace: Pace): Promise<Outcome> {
    if (action.kind === "place") return this.#place(action, pace);
    if (action.kind === "arrivals") return this.#arrive(action, pace);
    this.#change(action);
    return NOTHING;
  }

  /** Moves tasks, under the constraints that steps have placed them with. */
  #move(moves: readonly Pick<Move, "task" | "from" | "to">[], stopFirst: boolean): void {
    const services = servicesOf(this.steps.map(({ action }) => action));
    this.cluster.applyPlan({ moves, stopFirst } as RearrangePlan, { services });
  }

  /** What is done at once. */
  #change(action: Exclude<Action, Of<"place" | "arrivals">>): void {
    switch (action.kind) {
      case "stop":
        this.cluster.stop(action.task);
        break;
      case "move":
        this.#move([action], action.stopFirst);
        break;
      case "drain":
        this.cluster.drain(action.instance);
        break;
      case "activate":
        this.cluster.activate(action.instance);
        break;
    }
  }

  /** Places in slices: a batch and its single requests end in the same state. */
  async #place(action: Of<"place">, pace: Pace): Promise<Outcome> {
    const placements: Placement[] = [];
    const slices = new Slices();
    do {
      const size = slices.next(action.count - placements.length);
      const result = this.cluster.place(action.definition, optionsOf(action, size, action.group));
      for (const placement of result.placements) placements.push(placement);
      if (result.rejected > 0) {
        return { placements, rejected: action.count - placements.length, reasons: [...result.reasons] };
      }
      slices.done();
      await pace(placements.length, action.count);
    } while (placements.length < action.count);
    return { placements, rejected: 0, reasons: [] };
  }

  #placeAgain(action: Of<"place">, count: number): void {
    if (count === 0) return;
    const request = this.cluster.prepare(action.definition, optionsOf(action, 1, action.group));
    try {
      this.cluster.placeBulk([request], new Uint32Array(count));
    } finally {
      request.free();
    }
  }

  async #arrive(action: Of<"arrivals">, pace: Pace): Promise<Outcome> {
    const indices = this.#indices(action);
    const requests = this.#requests(action);
    const ids = this.cluster.instanceIds();
    const placements: Placement[] = [];
    const slices = new Slices();
    try {
      for (let from = 0; from < indices.length; ) {
        const size = slices.next(indices.length - from);
        const result = this.cluster.placeBulk(requests, indices.subarray(from, from + size));
        result.instance.forEach((instance, at) => {
          const id = ids[instance];
          if (id !== undefined) placements.push({ task: String(result.task[at]), instance: id });
        });
        from += size;
        slices.done();
        await pace(from, indices.length);
      }
    } finally {
      for (const request of requests) request.free();
    }
    const rejected = indices.length - placements.length;
    const reasons = rejected === 0 ? [] : [["no instance had room for it", rejected] as const];
    return { placements, rejected, reasons };
  }

  /** Places the first so many arrivals of a step, and gives what `then` makes of its requests. */
  #arriveAgain<T>(action: Of<"arrivals">, count: number, then?: (requests: readonly Request[]) => T): T | undefined {
    const requests = this.#requests(action);
    try {
      if (count > 0) this.cluster.placeBulk(requests, this.#indices(action).subarray(0, count));
      return then?.(requests);
    } finally {
      for (const request of requests) request.free();
    }
  }

  /** By arrival of a step: position of its definition. */
  #indices({ from, count }: Of<"arrivals">): Uint32Array {
    const sequence = this.arrivals?.sequence ?? new Uint32Array(0);
    if (from + count > sequence.length) {
      throw new Error(`arrivals ${from + 1} to ${from + count} are asked for, and there are ${sequence.length}`);
    }
    return sequence.subarray(from, from + count);
  }

  /** By definition of what arrives: its request. */
  #requests(action: Of<"arrivals">): Request[] {
    const arrivals = this.arrivals;
    if (arrivals === undefined) throw new Error("nothing arrives in this cluster");
    return arrivals.definitions.map((name) => this.cluster.prepare(name, optionsOf(action, 1, arrivals.group)));
  }

  #explainPlace(action: Of<"place">, index: number): Explanation {
    this.#placeAgain(action, index);
    return this.cluster.explain(action.definition, optionsOf(action, 1, action.group));
  }

  #explainArrival(action: Of<"arrivals">, index: number): Explanation | undefined {
    const definition = this.#indices(action)[index] ?? 0;
    return this.#arriveAgain(action, index, (requests) => requests[definition]?.explain());
  }
}
