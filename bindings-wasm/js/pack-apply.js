// Carrying plans out in a cluster of the first module. It is not imported: the cluster is the caller's.

import { make, ofParts, ofType, toParts } from "./error.js";
import { kindOf, parse, toDocument } from "./json.js";

/** Every move of a plan, or none of them. */
export function applyPlan(cluster, plan) {
  return toCluster(cluster, "move").transaction(() => Array.from(planSteps(cluster, plan), ({ task }) => task));
}

/** One move of a plan at each step. */
export function* planSteps(cluster, plan) {
  toCluster(cluster, "move");
  const { moves, stopFirst } = plan;
  for (const [at, move] of moves.entries()) {
    yield within(`moves[${at}]`, () => ({ move, task: cluster.move(move.task, move.to, { stopFirst }) }));
  }
}

/** The tasks of an answer of `packInto`, each where it has it, or none of them. */
export function applyPacking(cluster, answer, requests) {
  const documents = toObject(requests).map(toObject);
  return toCluster(cluster, "placeOn").transaction(() => {
    const started = [];
    for (const [at, { type, items }] of answer.bins.entries()) {
      for (const [request, count] of items) {
        within(`bins[${at}]`, () => {
          const { placements, rejected, reasons } = cluster.placeOn(type, { ...documents[request], count });
          if (rejected > 0) {
            throw make("input.invalid", "invalid-input", `the instance has no place for ${rejected} of ${count} tasks any more`, {
              help: `${[...reasons.keys()].join(", ")}: pack anew, into the cluster as it is now`,
            });
          }
          for (const { task, instance } of placements) started.push({ task, instance, request });
        });
      }
    }
    return started;
  });
}

/** What a document says. */
function toObject(document) {
  return typeof document === "string" || document instanceof Uint8Array ? parse(`1${toDocument(document)}`) : document;
}

/** A cluster that has a call. */
function toCluster(cluster, call) {
  if (typeof cluster?.[call] !== "function" || typeof cluster.transaction !== "function") {
    throw ofType(`expected a cluster, found ${kindOf(cluster)}`, "cluster");
  }
  return cluster;
}

/** Does a part of a plan; a refusal names it. */
function within(place, work) {
  try {
    return work();
  } catch (error) {
    if (error?.name !== "PlacewrightError") throw error;
    const { text, ...parts } = toParts(error);
    throw ofParts({ ...parts, path: error.path === undefined ? place : `${place}.${error.path}` });
  }
}
