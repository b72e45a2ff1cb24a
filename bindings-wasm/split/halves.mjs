// Splits a linked module in two: the first half is all that chosen exports need; the second is the rest, and works in the first
// one's memory, with its functions, once it is there. A call from the first half to the second goes through a slot of the table that
// the second fills; the exports that are not chosen are such calls. Nobody may make one before the second half is there, which the
// scripts see to (`js/door.js`).
//
// Binaryen's `wasm-split` does the same, but is in no package that can be installed everywhere this is built.

import { createHash } from "node:crypto";

import { graphOf, reached } from "./graph.mjs";
import { nodeOf, read, signature, written } from "./text.mjs";

/** The module that a second half imports from, and the name of its table there. */
const [FIRST, TABLE] = ["first", "0"];
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A short name for each number. */
function letters(number) {
  const rest = Math.floor(number / LETTERS.length);
  return (rest > 0 ? letters(rest - 1) : "") + LETTERS[number % LETTERS.length];
}

/** Bytes as the text of a module has them. */
function quoted(bytes) {
  return Array.from(bytes, (byte) =>
    byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}

/** The graph of the module whose text is `parts`: calls by the text, addresses by the module as it was linked. */
function graph(linked, parts) {
  const edges = new Map();
  // The glue takes a hash off the names of exports.
  const plain = (node) => (parts.functions.has(`$${node.slice(2)}`) ? node : node.replace(/^(f:\w+?)_[0-9a-f]{16}$/, "$1"));
  for (const [node, targets] of linked.edges) edges.set(plain(node), new Set([...targets].map(plain)));
  for (const [name, { calls }] of parts.functions) {
    const node = nodeOf(name);
    edges.set(node, new Set([...(edges.get(node) ?? []), ...[...calls].map(nodeOf)]));
  }
  return edges;
}

/** Data of a half as text: those bytes of the segments that `half` has in `owners`, and what little is between them. */
function dataOf(segments, owners, half) {
  const lines = [];
  for (const [number, { address, bytes }] of segments.entries()) {
    const owner = owners[number];
    let start = 0;
    while (start < owner.length) {
      if (owner[start] !== half) {
        start += 1;
        continue;
      }
      let end = start;
      while (owner[end] === half) {
        end += 1;
        let gap = end;
        while (gap < end + 8 && owner[gap] === 0) gap += 1;
        if (owner[gap] === half) end = gap;
      }
      const part = bytes.subarray(start, end);
      if (part.some((byte) => byte !== 0)) lines.push(` (data (i32.const ${address + start}) "${quoted(part)}")`);
      start = end;
    }
  }
  return lines;
}

/**
 * The halves of a module as text. `linked`: its bytes as the linker wrote them; `text`: the same with its glue, disassembled, names
 * as they were; `exports`: those of the first half; `cuts`: names of functions that the first half calls in the second, as patterns.
 * Also says which exports are in the second half.
 */
export function halves({ linked, text, exports, cuts }) {
  const module = graphOf(linked);
  const parts = read(text);
  const edges = graph(module, parts);
  const isChosen = ({ name, target }) => target !== undefined && (exports.has(name) || name.startsWith("__"));
  const missing = [...exports].filter((name) => !parts.exports.some((one) => one.name === name));
  if (missing.length > 0) throw new Error(`the module has no ${missing.join(", ")}`);
  // A pattern is of one function, which the compiler may have put into its callers: another that it happened to be of might be called
  // without the second half.
  const cut = new Set(cuts.flatMap((pattern) => {
    const named = [...parts.functions.keys()].filter((name) => pattern.test(name));
    if (named.length > 1) throw new Error(`${pattern} is the name of ${named.length} functions: ${named.join(" ")}`);
    return named.map(nodeOf);
  }));
  const inFirst = reached(edges, parts.exports.filter(isChosen).map(({ target }) => nodeOf(target)), cut);
  const isFirst = (name) => inFirst.has(nodeOf(name));
  const first = [...parts.functions].filter(([name]) => isFirst(name));
  const second = [...parts.functions].filter(([name]) => !isFirst(name));
  const stubs = new Set(parts.exports.flatMap(({ target }) => (target !== undefined && parts.functions.has(target) && !isFirst(target) ? [target] : [])));
  for (const [, { calls }] of first) for (const name of calls) if (parts.functions.has(name) && !isFirst(name)) stubs.add(name);

  const used = new Set(second.flatMap(([, { calls }]) => [...calls]));
  const shared = [...parts.imports.keys(), ...first.map(([name]) => name)].filter((name) => used.has(name));
  const names = new Map(shared.map((name, number) => [name, letters(number)]));

  const [elements] = parts.elements;
  const pointers = [...elements.slice(elements.indexOf(" func ")).matchAll(/\$(?:"(?:[^"\\]|\\.)*"|[^\s()]+)/g)].map(([name]) => name);
  const foreign = pointers.filter((name) => !isFirst(name) && parts.imports.has(name));
  if (parts.elements.length !== 1 || foreign.length > 0) throw new Error("the table of functions is not as it is expected");
  const base = Number(/\(i32\.const (\d+)\)/.exec(elements)[1]);
  const size = base + pointers.length + stubs.size;
  const slots = new Map([...stubs].map((name, number) => [name, base + pointers.length + number]));
  const element = (at, name) => ` (elem (table $0) (i32.const ${at}) func ${name})`;
  const pointersOf = (isOwn) => pointers.flatMap((name, number) => (isOwn(name) ? [element(base + number, name)] : []));
  const stub = (name) => {
    const type = signature(parts.functions.get(name).line);
    const given = type.params.map((_, number) => ` (local.get ${number})`).join("");
    return ` (func ${name}${written(type)} (call_indirect $0${written(type)}${given} (i32.const ${slots.get(name)})))`;
  };

  const inSecond = reached(edges, second.map(([name]) => nodeOf(name)));
  const owners = module.segments.map(({ bytes }) => new Uint8Array(bytes.length));
  for (const { node, segment, offset, size: length } of module.data) {
    const half = inFirst.has(node) ? 2 : inSecond.has(node) ? 1 : 0;
    for (let at = offset; at < offset + length; at += 1) owners[segment][at] = Math.max(owners[segment][at], half);
  }

  const table = `${size} ${size} funcref`;
  const external = parts.tables.filter((line) => line.includes("externref"));
  const pages = /(\d+)\)?$/.exec(parts.memory.trim())[1];
  const importOf = ([name, short]) => {
    const given = parts.imports.get(name) ?? `(func ${name}${written(signature(parts.functions.get(name).line))})`;
    return ` (import "${FIRST}" "${short}" ${given})`;
  };
  const whole = (lines) => `(module\n${lines.flat().join("\n")}\n)\n`;
  const firstLines = [
    parts.types, [...parts.importLines.values()], parts.globals, parts.memory, ` (table $0 ${table})`, external, pointersOf(isFirst), dataOf(module.segments, owners, 2),
    parts.exports.map(({ line }) => line), ` (export "${TABLE}" (table $0))`,
    [...names].map(([name, short]) => ` (export "${short}" (func ${name}))`),
    first.map(([, { body }]) => body), [...stubs].map(stub),
  ];
  // Halves of two builds would call each other's functions by the wrong names: the second imports the stack of this very first half.
  const stack = `1-${createHash("sha256").update(whole(firstLines)).digest("hex").slice(0, 16)}`;
  return {
    first: whole([...firstLines.slice(0, -2), ` (export "${stack}" (global $__stack_pointer))`, ...firstLines.slice(-2)]),
    second: whole([
      parts.types, [...names].map(importOf), ` (import "${FIRST}" "memory" (memory $0 ${pages}))`, ` (import "${FIRST}" "${TABLE}" (table $0 ${table}))`,
      ` (import "${FIRST}" "${stack}" (global $__stack_pointer (mut i32)))`,
      external.map(() => ` (import "${FIRST}" "__wbindgen_externrefs" (table $__wbindgen_externrefs 0 externref))`),
      pointersOf((name) => !isFirst(name)), [...slots].map(([name, at]) => element(at, name)), dataOf(module.segments, owners, 1),
      second.map(([, { body }]) => body),
    ]),
    absent: parts.exports.filter(({ target }) => stubs.has(target)).map(({ name }) => name),
    functions: [first.length, second.length],
  };
}
