// Conformance cases by the calls of the package, for Node and for a page.

import { parse, stringify } from "../pkg/json.js";

/** The value of any JSON text; integers above 2^53 are kept. */
const valueOf = (text) => parse(`1${text}`);

/** The text of the object that a text parses to. */
export const again = (text) => stringify(valueOf(text));

/** Documents as objects, or as text. */
export const FORMS = { objects: (document) => document, text: stringify };

/** The steps of a case by the calls of the package. */
class Run {
  constructor({ Cluster, PlacewrightError }, expanded, form) {
    this.Cluster = Cluster;
    this.PlacewrightError = PlacewrightError;
    this.form = form;
    const { cluster, taskDefinitions } = expanded;
    const document = { containerInstances: [], ...cluster };
    if (taskDefinitions !== undefined) document.taskDefinitions = taskDefinitions;
    document.containerInstances = document.containerInstances.map(withoutCounts);
    this.cluster = Cluster.fromJson(form(document));
    this.placed = [];
    this.savepoints = [];
  }

  /** Carries a step out; the code of the error, if there was one. */
  step(step) {
    this.placed.push([]);
    try {
      this.run(step);
      return undefined;
    } catch (error) {
      if (error instanceof this.PlacewrightError) return error.code;
      throw error;
    }
  }

  run(step) {
    const { cluster, form } = this;
    const rest = () => {
      const { op, expect, requires, ...others } = step;
      return others;
    };
    const placed = (response) => {
      this.placed.at(-1).push(...response.tasks.map((task) => [task.taskArn, task.containerInstanceArn]));
    };
    switch (step.op) {
      case "runTask":
      case "startTask":
      case "createService":
        return placed(cluster[step.op](form(step.request)));
      case "stopTask":
        return cluster.stop(this.task(step.task));
      case "listContainerInstances":
        return cluster.listContainerInstances(form(rest()));
      case "registerContainerInstance":
        return cluster.registerContainerInstance(form(withoutCounts(step.containerInstance)));
      case "deregisterContainerInstance":
        return cluster.deregister(step.containerInstance, { force: step.force });
      case "updateContainerInstancesState":
        if (step.status === "DRAINING") return cluster.drain(step.containerInstances);
        if (step.status === "ACTIVE") return cluster.activate(step.containerInstances);
        throw new Unsupported();
      case "registerTaskDefinition":
        return cluster.registerTaskDefinition(form(step.taskDefinition));
      case "scaleIn": {
        const { group, count, placementStrategy, xSeed } = step;
        return cluster.scaleIn(group, count, { strategies: placementStrategy, seed: xSeed });
      }
      case "describe":
        return undefined;
      case "loadText":
        // The package takes the array of instances alone, which the raw entry point does not.
        if (step.text.trimStart().startsWith("[")) throw new Unsupported();
        return this.Cluster.fromJson(step.text).free();
      case "xBegin":
        return this.savepoints.push([this.placed.length, cluster.begin()]);
      case "xRollback": {
        const [steps, savepoint] = this.savepoints.pop() ?? [0, undefined];
        cluster.rollback(savepoint);
        for (let at = steps - 1; at < this.placed.length; at += 1) this.placed[at] = [];
        return undefined;
      }
      case "xCommit":
        return cluster.commit(this.savepoints.pop()?.[1]);
      case "xSetAgentConnected":
        return cluster.setAgentConnected(step.containerInstance, step.connected);
      default:
        throw new Unsupported();
    }
  }

  /** The id of the task that a step names. */
  task({ taskArn, step, index, on }) {
    if (taskArn !== undefined) return taskArn;
    // An instance that is not there is told before its tasks are looked for.
    if (on !== undefined) this.cluster.instance(on);
    const placed = this.placed[step] ?? [];
    if (index !== undefined) return placed[index]?.[0] ?? "none";
    const running = new Set(this.cluster.taskIds());
    return placed.find(([task, instance]) => instance === on && running.has(task))?.[0] ?? "none";
  }
}

/** A step that only raw text can say. */
class Unsupported extends Error {}

/** An instance without how many tasks it says it runs: in a case, those listed are all there are. */
function withoutCounts(instance) {
  if (typeof instance !== "object" || instance === null) return instance;
  const { runningTasksCount, pendingTasksCount, ...rest } = instance;
  return rest;
}

/**
 * Runs cases by the calls of a package, `{ Cluster, PlacewrightError }`, and compares each step with what the engine's own runner
 * says, from `expand` and `replay`; how many could be run, and what was otherwise.
 */
export function runAll(api, { expand, replay }, texts, form) {
  let run = 0;
  const failures = [];
  for (const text of texts) {
    const expanded = valueOf(expand(text));
    const { steps } = valueOf(replay(text));
    if (steps.some((step) => step.skipped !== undefined)) continue;
    let runner;
    try {
      runner = new Run(api, expanded, form);
      for (const [number, step] of expanded.steps.entries()) {
        const code = runner.step(step);
        const { error, tasks = [] } = steps[number];
        const places = JSON.stringify(tasks.map((task) => [task.taskArn, task.containerInstanceArn]));
        if (code !== error?.code) failures.push(`${expanded.id} steps[${number}]: ${code}, not ${error?.code}`);
        else if (code === undefined && JSON.stringify(runner.placed[number]) !== places) {
          failures.push(`${expanded.id} steps[${number}]: ${JSON.stringify(runner.placed[number])}, not ${places}`);
        }
      }
      run += 1;
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
    } finally {
      runner?.cluster.free();
    }
  }
  return { run, failures };
}
