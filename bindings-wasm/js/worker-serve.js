// The worker's side: clusters live here, and messages call them. One call at a time, in the order they come.
//
// A call that a page cancels looks at shared memory, as a worker in the middle of a call hears no message.

import { stale, toParts } from "./error.js";

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

  /** The options of a call that is watched. */
  const watched = (options, id, { hasProgress, flag }) => {
    const all = { ...options };
    if (hasProgress) all.progress = (done, total) => port.post({ id, progress: [done, total] });
    if (flag !== undefined) {
      const cell = new Int32Array(flag);
      all.signal = {
        get aborted() {
          return Atomics.load(cell, 0) !== 0;
        },
        reason: CANCELLED,
      };
    }
    return all;
  };

  const call = ({ id, on, name, args, watch, as }) => {
    const values = args.map(argument);
    if (watch !== undefined) values[watch.at] = watched(values[watch.at], id, watch);
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

  port.listen((message) => {
    let answer;
    try {
      const result = call(message);
      answer = { id: message.id, ...(result instanceof api.PlaceResult ? { placed: packed(result) } : { result }) };
    } catch (error) {
      if (error === CANCELLED) answer = { id: message.id, isCancelled: true };
      else if (error?.name === "PlacewrightError") answer = { id: message.id, refused: toParts(error) };
      else answer = { id: message.id, failed: `${error?.message ?? error}` };
    }
    port.post(answer, buffers(answer.result));
  });
  port.post({ isReady: true });
}

/** What a cancelled call throws here. */
const CANCELLED = Symbol("cancelled");

/** What became of a request as a message has it. */
function packed({ placed, rejected, response }) {
  return { wanted: placed + rejected, response };
}

/** Memory that is handed over instead of copied; shared memory, of a page's own array, stays shared. */
function buffers(result) {
  const found = [];
  const look = (value) => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) found.push(value.buffer);
    } else if (value instanceof Map) value.forEach(look);
    else if (value !== null && typeof value === "object" && !Array.isArray(value)) Object.values(value).forEach(look);
  };
  look(result);
  return [...new Set(found)];
}
