// Instances and tasks as plain texts and amounts: what goes to the module without JSON. Texts are put together with U+0000 between
// them, each behind a letter that says what it is (`src/plain.rs`).

import { toObject, toOptionsOf, unknownOption } from "./arguments.js";
import { make, ofType } from "./error.js";
import { kindOf, toText } from "./json.js";
import { toRules, toSeed } from "./request.js";

const BETWEEN = "\0";
const INSTANCE_KEYS = ["name", "cpu", "memoryMib", "zone", "attributes"];
const DEMAND_KEYS = ["cpu", "memoryMib", "gpus"];
const GPUS_MAX = 0xffff;

const isText = (value) => typeof value === "string" && !value.includes(BETWEEN);

/** An instance as texts and amounts; nothing where it says more than those do, or what is no instance. */
export function toPlainInstance(instance) {
  if (typeof instance !== "object" || instance === null || Array.isArray(instance) || typeof instance.toJSON === "function") return undefined;
  const given = Object.entries(instance).filter(([, value]) => value !== undefined);
  if (given.some(([key]) => !INSTANCE_KEYS.includes(key))) return undefined;
  const { name, cpu, memoryMib, zone, attributes = {} } = Object.fromEntries(given);
  if (!isText(name) || !Number.isSafeInteger(cpu) || !Number.isSafeInteger(memoryMib)) return undefined;
  if (typeof attributes !== "object" || attributes === null || Object.getPrototypeOf(attributes) !== Object.prototype) return undefined;
  const texts = [`n${toText(name, "name")}`];
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (!isText(key) || !(value === null || isText(value))) return undefined;
    texts.push(`a${toText(key)}`);
    if (value !== null) texts.push(`v${toText(value, `attributes.${key}`)}`);
  }
  if (zone !== undefined) {
    if (!isText(zone)) return undefined;
    texts.push("aecs.availability-zone", `v${toText(zone, "zone")}`);
  }
  return { texts: texts.join(BETWEEN), cpu, memoryMib };
}

/** Names as one text; nothing where there are none, or others than texts among them. */
export function toPlainNames(names) {
  if (!Array.isArray(names) || names.length === 0 || !names.every(isText)) return undefined;
  return names.map((name) => `n${toText(name)}`).join(BETWEEN);
}

/** A text for the module. */
function plainText(value, path) {
  const text = toText(value, path);
  if (!isText(text)) throw make("input.invalid", "invalid-input", "a text has U+0000", { path });
  return text;
}

/** An amount: an integer, none for what is not said. */
function toAmount(value, path) {
  if (value === undefined) return 0;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw ofType(`expected an integer, found ${kindOf(value)}`, path);
  return value;
}

/** Texts of rules: the type of each behind a letter, and its second part, if it has one, behind another. */
function rules(given, path, [first, kind], [second, other]) {
  if (given === undefined) return [];
  return toRules(given, other).flatMap((rule, at) => {
    const here = `${path}[${at}]`;
    if (typeof rule !== "object" || rule === null) throw ofType(`expected a text or an object, found ${kindOf(rule)}`, here);
    const unknown = Object.keys(rule).find((key) => key !== kind && key !== other);
    if (unknown !== undefined) throw unknownOption(unknown, [kind, other]);
    const texts = [first + plainText(rule[kind], `${here}.${kind}`)];
    if (rule[other] !== undefined) texts.push(second + plainText(rule[other], `${here}.${other}`));
    return texts;
  });
}

/** A request for tasks of a name and a demand, with options, as texts and amounts; and what the page is told of it. */
export function toPlainTask(name, demand, options) {
  const given = { ...toObject(demand) };
  const unknown = Object.keys(given).find((key) => given[key] !== undefined && !DEMAND_KEYS.includes(key));
  if (unknown !== undefined) throw unknownOption(unknown, DEMAND_KEYS);
  const { group, seed, strategies, constraints } = toOptionsOf(options, ["group", "seed", "strategies", "constraints"]);
  const texts = [`n${plainText(name, "name")}`];
  if (group !== undefined) texts.push(`g${plainText(group, "group")}`);
  if (seed !== undefined) texts.push(`s${plainText(toSeed(seed), "seed")}`);
  texts.push(...rules(strategies, "strategies", ["t", "type"], ["f", "field"]));
  texts.push(...rules(constraints, "constraints", ["c", "type"], ["e", "expression"]));
  const gpus = toAmount(given.gpus, "gpus");
  if (gpus < 0 || gpus > GPUS_MAX) throw make("input.amount", "invalid-input", `\`${gpus}\` is outside 0 to ${GPUS_MAX}`, { path: "gpus" });
  const of = { definition: name, group: group ?? `family:${name.split(":")[0]}`, count: 1 };
  return { texts: texts.join(BETWEEN), cpu: toAmount(given.cpu, "cpu"), memoryMib: toAmount(given.memoryMib, "memoryMib"), gpus, of };
}
