// The worker's side of clusters: they live here, and messages call them.

import { stale } from "./error.js";
import { answerAll, watching } from "./worker-answer.js";

/** Serves calls that come through a port: `{ post(message, transfer), listen(handler) }`. */
export function serve(api, port) {
  /** Clusters, requests and savepoints, by the number the page gave them. */
  const things = new Map();

  const found = (number) => {
    const thing = things.get(number);
    if (thing === undefined) throw stale("it was closed or freed before, or is another worker's");
    return thing;
  };

  /** An argument: a value, or what numbers stand for. */
  const argument = ({ value, thing, things: several }) => {
    if (thing !== undefined) return found(thing);
    return several === undefined ? value : several.map(found);
  };

  const call = ({ id, on, name, args, at, watch, as }) => {
    const values = args.map(argument);
    if (watch !== undefined) {
      const { progress, signal } = watching(port, id, watch);
      values[at] = { ...values[at], progress, signal };
    }
    if (name === "make") return keep(new api.Cluster(...values), as);
    if (name === "fromJson") return keep(api.Cluster.fromJson(...values), as);
    const thing = found(on);
    if (name === "free") {
      things.delete(on);
      return thing.free?.();
    }
    const member = thing[name];
    const result = typeof member === "function" ? member.apply(thing, values) : member;
    // A closed savepoint is of no more use.
    if (thing instanceof api.Savepoint && name !== "isOpen") things.delete(on);
    if (as === undefined) return result;
    return keep(result, as);
  };

  /** Keeps a thing under a number; what the page is to know of it. */
  const keep = (thing, as) => {
    things.set(as, thing);
    const { definition, group, count } = thing;
    return definition === undefined ? undefined : { definition, group, count };
  };

  answerAll(port, (message) => {
    const result = call(message);
    return result instanceof api.PlaceResult ? { placed: packed(result) } : { value: result };
  });
}

/** What became of a request as a message has it. */
function packed({ placed, rejected, response }) {
  return { wanted: placed + rejected, response };
}
