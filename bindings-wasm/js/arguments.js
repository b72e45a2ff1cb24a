// Arguments that are no documents: options, lists, numbers, functions, names.

import { make, ofType } from "./error.js";
import { kindOf, toText } from "./json.js";

/** Stands in columns for an instance where there is none. */
export const NOT_PLACED = 0xffff_ffff;

/** Options, if they are an object; none for `undefined`. */
export function toObject(options) {
  if (options === undefined) return {};
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw ofType(`options are an object, not ${kindOf(options)}`, "options");
  }
  return options;
}

/** Options that have these names and no others, read once. */
export function toOptionsOf(options, names) {
  const given = { ...toObject(options) };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !names.includes(name)) throw unknownOption(name, names);
  }
  return given;
}

/** The error for an option that there is not. */
export function unknownOption(name, names) {
  return make("json.unknown_key", "invalid-input", `option \`${name}\` is unknown`, { path: name, help: `there are ${names.join(", ")}` });
}

/** One name, or several. */
export function toList(names) {
  return typeof names === "string" ? [names] : names;
}

/** What the elements of an array stand for, or of what can be gone through. */
export function toArray(values, path, element) {
  if (values === null || typeof values !== "object" || typeof values[Symbol.iterator] !== "function") {
    throw ofType(`expected an array, found ${kindOf(values)}`, path);
  }
  const list = [];
  // One after another: of a list of nothing, however long, the first is refused.
  for (const value of values) list.push(element(value, list.length));
  return list;
}

/** A copy of numbers. What they are is asked of the array itself: its `length` and its methods may be the caller's own. */
export function copied(kind, numbers, path) {
  try {
    return new kind(numbers);
  } catch {
    throw make("input.invalid", "invalid-input", "the array's memory was handed on", { path });
  }
}

/** A function. */
export function toFunction(value, path) {
  if (typeof value !== "function") throw ofType(`expected a function, found ${kindOf(value)}`, path);
}

/** Positions in a list. */
export function toIndices(indices) {
  if (indices instanceof Uint32Array) return copied(Uint32Array, indices, "indices");
  return Uint32Array.from(toArray(indices, "indices", toIndex));
}

/** A position in a list. */
function toIndex(index, at) {
  if (!Number.isInteger(index) || index < 0 || index > NOT_PLACED) {
    throw make("input.invalid", "invalid-input", `\`${String(index)}\` is no position in a list`, { path: `indices[${at}]` });
  }
  return index;
}

/** Attributes of an instance, for PutAttributes: values by name, or names alone. */
export function toTargeted(instance, attributes) {
  if (Array.isArray(attributes)) return attributes.map((name) => ({ name, targetId: instance }));
  if (typeof attributes !== "object" || attributes === null) {
    throw ofType(`expected attributes, found ${kindOf(attributes)}`, "attributes");
  }
  return Object.entries(attributes).map(([name, value]) => ({ name, targetId: instance, value: value === null ? undefined : value }));
}

/** The text of an expression. */
export function toExpression(expression) {
  return typeof expression === "object" && expression !== null ? toText(expression.source) : toText(expression);
}

/** Refuses options that were settled when a request was prepared. */
export function refuseOptions(options) {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    throw make("input.invalid", "invalid-input", `\`${name}\` was settled when the request was prepared`, { path: name });
  }
}
