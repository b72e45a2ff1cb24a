// The calls of `placewright/pack`. Nothing here decides anything: documents become JSON text, answers become objects.

import { toObject } from "./arguments.js";
import { make } from "./error.js";
import { parse, stringify, toArrayDocument, toDocument, toText } from "./json.js";
import { run } from "./pack-engine.js";
import { STOP, Watch, check } from "./pack-watch.js";

export { PlacewrightError } from "./error.js";

/** Options that a document has elsewhere than under `options`: in its `fleet`, or at the top. */
const OF_FLEET = ["headroomPercent", "daemon", "zones", "zonesMin", "current"];
const OF_TOP = ["start"];

export function pack(problem, options = undefined) {
  const { watched, given } = split(options, (name) => (OF_TOP.includes(name) ? undefined : "options"));
  const text = toDocument(problem);
  return call(watched, (glue, watch) => glue.pack(text, given, watch));
}

export function fleet(mix, catalogue = undefined, options = undefined) {
  const { watched, given } = split(options, (name) => (OF_FLEET.includes(name) ? "fleet" : "options"));
  const text = toDocument(mix);
  const offers = catalogue === undefined ? "" : toDocument(catalogue);
  return call(watched, (glue, watch) => glue.fleet(text, offers, given, watch));
}

export function rearrange(cluster, options = undefined) {
  const { milliseconds, ...rest } = toObject(options);
  const { watched, given } = split(rest, () => undefined);
  if (milliseconds !== undefined && milliseconds !== null && !(Number.isSafeInteger(milliseconds) && milliseconds >= 0)) {
    throw make("input.amount", "invalid-input", "milliseconds are an integer from 0", { path: "milliseconds" });
  }
  const text = toCluster(cluster);
  return call(watched, (glue, watch) => glue.rearrange(text, given, milliseconds ?? undefined, watch));
}

export function packInto(cluster, requests, options = undefined) {
  const { watched, given } = split(options, (name) => (OF_TOP.includes(name) ? undefined : "options"));
  const text = toCluster(cluster);
  const wanted = toArrayDocument(requests);
  return call(watched, (glue, watch) => glue.pack_into(text, wanted, given, watch));
}

/** Makes a call. */
function call(watched, work) {
  const watch = new Watch(watched);
  try {
    return parse(run((glue) => work(glue, watch)));
  } catch (error) {
    // The module has no word for why it was stopped.
    if (error === null && watch.thrown !== undefined) throw watch.thrown.reason;
    throw error;
  }
}

/** What watches a call, and its other options as JSON text, each in the part of a document that has it; which are known, the core
 * knows. */
function split(options, partOf) {
  const { progress, signal, [STOP]: stop, ...rest } = toObject(options);
  check({ progress, signal });
  const given = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue;
    const part = partOf(name);
    if (part === undefined) given[name] = value;
    else (given[part] ??= {})[name] = value;
  }
  return { watched: { progress, signal, stop }, given: stringify(given) };
}

/** The text of a cluster: a document, or what writes one. */
function toCluster(cluster) {
  if (typeof cluster?.toJson !== "function") return toDocument(cluster);
  return toText(cluster.toJson());
}
