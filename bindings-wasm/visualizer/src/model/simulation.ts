// A cluster with the history of what was done to it. Each step stands on a savepoint: undoing rolls back to it, redoing asks the
// engine again, which answers the same. That also lets any earlier moment be looked at: go back, look, and come forward.

import type { Cluster, Explanation, Placement, Request, Savepoint } from "../engine.ts";
import type { Arrivals } from "./arrivals.ts";
import { open } from "./open.ts";
import { type Action, constraintsOf, type Rules, type Scenario } from "./scenario.ts";

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

/** The options of a request with these rules. */
export function optionsOf(rules: Rules, count: number, group: string) {
  return {
    count,
    strategies: rules.strategies,
    constraints: constraintsOf(rules),
    seed: rules.seed,
    ...(group === "" ? {} : { group }),
  };
}

/** The cluster of a scenario, with its log carried out. */
export class Simulation {
  readonly cluster: Cluster;
  readonly arrivals: Arrivals | undefined;
  readonly steps: Step[] = [];
  /** What was undone, the last first. */
  readonly undone: Action[] = [];

  /** Opens a scenario and does what its log says. Throws what the engine refuses. */
  constructor({ source, definitions, log }: Pick<Scenario, "source" | "definitions" | "log">) {
    const { cluster, arrivals } = open(source);
    this.cluster = cluster;
    this.arrivals = arrivals;
    try {
      for (const definition of definitions) cluster.registerTaskDefinition(definition);
      for (const action of log) this.do(action);
    } catch (error) {
      cluster.free();
      throw error;
    }
  }

  /** Does something; what was undone is forgotten. */
  do(action: Action): Step {
    const step = this.#carryOut(action);
    this.undone.length = 0;
    return step;
  }

  /** Takes the last step back. */
  undo(): void {
    const step = this.steps.pop();
    if (step === undefined) return;
    step.savepoint.rollback();
    this.undone.push(step.action);
  }

  /** Asks for what was undone last again. */
  redo(): void {
    const action = this.undone.at(-1);
    if (action === undefined) return;
    this.#carryOut(action);
    this.undone.pop();
  }

  /** How many arrivals there were so far. */
  get arrived(): number {
    const last = this.steps.findLast((step) => step.action.kind === "arrivals");
    return last?.action.kind === "arrivals" ? last.action.from + last.action.count : 0;
  }

  /** Why task `index` of step `at` went where it went; that of the first task without a place, where `index` is one more. */
  explain(at: number, index: number): Explanation | undefined {
    const action = this.steps[at]?.action;
    if (action === undefined || (action.kind !== "place" && action.kind !== "arrivals")) return undefined;
    const later = this.steps.slice(at).map((step) => step.action);
    const undone = this.undone.slice();
    while (this.steps.length > at) this.undo();
    const savepoint = this.cluster.begin();
    try {
      return action.kind === "place" ? this.#explainPlace(action, index) : this.#explainArrival(action, index);
    } finally {
      if (this.cluster.isUsable) {
        savepoint.rollback();
        for (const each of later) this.#carryOut(each);
      }
      this.undone.splice(0, Infinity, ...undone);
    }
  }

  /** Gives the engine's memory back. */
  free(): void {
    this.cluster.free();
  }

  #carryOut(action: Action): Step {
    const savepoint = this.cluster.begin();
    try {
      const start = performance.now();
      const outcome = this.#outcome(action);
      const step = { action, savepoint, ...outcome, millis: performance.now() - start };
      this.steps.push(step);
      return step;
    } catch (error) {
      // An engine that has failed has no savepoints any more.
      if (this.cluster.isUsable) savepoint.rollback();
      throw error;
    }
  }

  #outcome(action: Action): Outcome {
    const nothing: Outcome = { placements: [], rejected: 0, reasons: [] };
    switch (action.kind) {
      case "place": {
        const result = this.cluster.place(action.definition, optionsOf(action, action.count, action.group));
        return { placements: result.placements, rejected: result.rejected, reasons: [...result.reasons] };
      }
      case "arrivals":
        return this.#arrive(action);
      case "stop":
        this.cluster.stop(action.task);
        return nothing;
      case "drain":
        this.cluster.drain(action.instance);
        return nothing;
      case "activate":
        this.cluster.activate(action.instance);
        return nothing;
    }
  }

  #arrive(action: Action & { kind: "arrivals" }): Outcome {
    if (this.arrivals === undefined) throw new Error("nothing arrives in this cluster");
    const { sequence } = this.arrivals;
    const indices = Uint32Array.from(sequence.subarray(action.from, action.from + action.count));
    return this.#withRequests(action, (requests) => {
      const result = this.cluster.placeBulk(requests, indices);
      const ids = this.cluster.instanceIds();
      const placements: Placement[] = [];
      result.instance.forEach((instance, at) => {
        const id = ids[instance];
        if (id !== undefined) placements.push({ task: String(result.task[at]), instance: id });
      });
      const lost = result.instance.findIndex((instance) => ids[instance] === undefined);
      const reasons = lost === -1 ? [] : [["no instance had room for it", result.rejected] as const];
      return { placements, rejected: result.rejected, reasons };
    });
  }

  #withRequests<T>(action: Action & { kind: "arrivals" }, work: (requests: Request[]) => T): T {
    const arrivals = this.arrivals;
    if (arrivals === undefined) throw new Error("nothing arrives in this cluster");
    const requests = arrivals.definitions.map((name) => this.cluster.prepare(name, optionsOf(action, 1, arrivals.group)));
    try {
      return work(requests);
    } finally {
      for (const request of requests) request.free();
    }
  }

  #explainPlace(action: Action & { kind: "place" }, index: number): Explanation {
    if (index > 0) this.cluster.place(action.definition, optionsOf(action, index, action.group));
    return this.cluster.explain(action.definition, optionsOf(action, 1, action.group));
  }

  #explainArrival(action: Action & { kind: "arrivals" }, index: number): Explanation | undefined {
    const sequence = this.arrivals?.sequence.subarray(action.from, action.from + action.count) ?? new Uint16Array(0);
    return this.#withRequests(action, (requests) => {
      const before = Uint32Array.from(sequence.subarray(0, index));
      if (before.length > 0) this.cluster.placeBulk(requests, before);
      return requests[sequence[index] ?? 0]?.explain();
    });
  }
}
