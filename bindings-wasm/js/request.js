// Requests as documents, and what became of them.

import { make, ofType } from "./error.js";
import { kindOf, parse, stringify, toDocument } from "./json.js";

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
  if (options === undefined) return "";
  if (typeof options !== "object" || options === null) throw ofType(`options are an object, not ${kindOf(options)}`, "options");
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
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
    if (option === undefined) {
      const known = Object.keys(REQUEST_OPTIONS).join(", ");
      throw make("json.unknown_key", "invalid-input", `option \`${name}\` is unknown`, { path: name, help: `there are ${known}` });
    }
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
  // Text is read here only to put options to it and to know the count; what is wrong with it, the core says.
  const request = typeof what === "string" || what instanceof Uint8Array ? tried(text) : what;
  if (given.length === 0) return { text, count: countOf(request) };
  if (typeof request !== "object" || request === null || Array.isArray(request)) return { text, count: undefined };
  const merged = { ...request };
  for (const [name, key, value] of given) {
    if (Object.hasOwn(request, key)) {
      throw make("input.invalid", "invalid-input", `\`${name}\` is given twice`, { path: key });
    }
    merged[key] = value;
  }
  return { text: stringify(merged), count: countOf(merged) };
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
