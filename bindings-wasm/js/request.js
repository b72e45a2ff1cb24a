// Requests as documents, and what became of them.

import { toObject, unknownOption } from "./arguments.js";
import { make } from "./error.js";
import { parse, stringify, toDocument } from "./json.js";

/** Options of a request, each with its key there and how it is written. */
const REQUEST_OPTIONS = {
  count: { key: "count" },
  group: { key: "group" },
  strategies: { key: "placementStrategy", write: (value) => toRules(value, "field") },
  constraints: { key: "placementConstraints", write: (value) => toRules(value, "expression") },
  allOrNothing: { key: "xAllOrNothing" },
  seed: { key: "xSeed", write: toSeed },
};

/** A seed as documents have it: numbers of 64 bits as text. */
export function toSeed(seed) {
  return typeof seed === "number" || typeof seed === "bigint" ? String(seed) : seed;
}

/** The options of a cluster as JSON text; empty for none. */
export function toOptions(options) {
  const given = Object.entries(toObject(options)).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return stringify(Object.fromEntries(given.map(([key, value]) => [key, key === "seed" ? toSeed(value) : value])));
}

/** Strategies or constraints: one, or several. A text is `type` or `type:second`. */
export function toRules(value, second) {
  const list = Array.isArray(value) ? value : [value];
  return list.map((rule) => {
    if (typeof rule !== "string") return rule;
    const colon = rule.indexOf(":");
    return colon < 0 ? { type: rule } : { type: rule.slice(0, colon), [second]: rule.slice(colon + 1) };
  });
}

/** A request in the shape of RunTask: of a definition's name, of JSON text or of an object, with options. And its count. */
export function toRequest(what, options) {
  const given = [];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const option = Object.hasOwn(REQUEST_OPTIONS, name) ? REQUEST_OPTIONS[name] : undefined;
    if (option === undefined) throw unknownOption(name, Object.keys(REQUEST_OPTIONS));
    const written = option.write === undefined ? value : option.write(value);
    if (!(Array.isArray(written) && written.length === 0)) given.push([name, option.key, written]);
  }
  const isName = typeof what === "string" && !what.trimStart().startsWith("{");
  if (isName) {
    const request = { taskDefinition: what };
    for (const [, key, value] of given) request[key] = value;
    return { text: stringify(request), count: countOf(request) };
  }
  const text = toDocument(what);
  // Text is read here only to know its keys and the count; what is wrong with it, the core says.
  const isText = typeof what === "string" || what instanceof Uint8Array;
  const request = isText ? tried(text) : what;
  if (given.length === 0) return { text, count: countOf(request) };
  const isObject = typeof request === "object" && request !== null && !Array.isArray(request);
  for (const [name, key] of given) {
    if (isObject && Object.hasOwn(request, key)) throw make("input.invalid", "invalid-input", `\`${name}\` is given twice`, { path: key });
  }
  const more = Object.fromEntries(given.map(([, key, value]) => [key, value]));
  const count = isObject ? countOf({ ...request, ...more }) : undefined;
  if (isText) return { text: extended(text, stringify(more)), count };
  return { text: isObject ? stringify({ ...request, ...more }) : text, count };
}

/** The text of an object with the entries of another; what is no object's text does not become one. */
function extended(text, entries) {
  const end = text.lastIndexOf("}");
  if (end < 0) return text;
  const start = text.slice(0, end).trimEnd();
  return `${start}${start.endsWith("{") ? "" : ","}${entries.slice(1, -1)}${text.slice(end)}`;
}

/** The value of a JSON text; nothing for what is none. */
function tried(text) {
  try {
    return parse(`1${text}`);
  } catch {
    return undefined;
  }
}

/** How many tasks a request asks for, as far as that can be told. */
function countOf(request) {
  const count = request?.count;
  return count === undefined ? 1 : Number.isSafeInteger(count) ? count : undefined;
}

/** What became of a request. */
export class PlaceResult {
  #reasons;

  constructor({ wanted, response }) {
    this.response = response;
    this.placements = response.tasks.map((task) => ({ task: task.taskArn, instance: task.containerInstanceArn }));
    this.placed = response.tasks.length;
    this.rejected = Math.max(0, wanted - this.placed);
  }

  get reasons() {
    if (this.#reasons === undefined) {
      this.#reasons = new Map();
      for (const { reason } of this.response.failures) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    }
    return this.#reasons;
  }
}
