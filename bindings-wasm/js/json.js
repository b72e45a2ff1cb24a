// JavaScript values → JSON text, and back.
//
// What comes in may be hostile: objects that hold themselves, getters that throw, numbers that are none, texts that are no
// Unicode. Every refusal names the place, and nothing here recurses deeper than a document may. `JSON.stringify` would not do:
// it writes `null` for what is no number, drops what it does not know, and rounds nothing but refuses `bigint`.

import { make, ofType } from "./error.js";

/** Most levels of nesting: `JSON_DEPTH_MAX` of the core, which a test holds against it. */
const DEPTH_MAX = 127;
/** Most values in one object, where lists share their elements any number of times. */
const VALUES_MAX = 1 << 24;
/** Values between two times that pieces are put together. */
const VALUES_JOINED = 1 << 14;
/** Least and greatest integer that the core reads. */
const INTEGER_MIN = -(2n ** 63n);
const INTEGER_MAX = 2n ** 64n - 1n;

/** A text, if it is one that Unicode has. */
export function toText(text, path = "") {
  if (typeof text !== "string") throw ofType(`expected a string, found ${kindOf(text)}`, path);
  if (!isWellFormed(text)) {
    throw make("json.syntax", "invalid-input", "text is no Unicode: it has half of a surrogate pair", { path: path || undefined });
  }
  return text;
}

const isWellFormed =
  typeof String.prototype.isWellFormed === "function"
    ? (text) => text.isWellFormed()
    : (text) => !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);

/** What kind of value it is, in words. */
export function kindOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (ArrayBuffer.isView(value)) return "a typed array";
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "boolean":
      return "a boolean";
    case "number":
      return "a number";
    case "bigint":
      return "a bigint";
    case "string":
      return "a string";
    case "object":
      return "an object";
    default:
      return `a ${typeof value}`;
  }
}

/** Whether an object without values of its own is an empty one, of any realm, and not one that keeps them elsewhere, as a `Map`. */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Classes whose objects keep their values elsewhere, also where they have others of their own. */
const KEEPERS = [Map, Set, DataView, String];

/** The class of an object, in words. */
function classOf(value) {
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (name === "Object") return "an object of a class, without values of its own,";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}

/** The JSON text that a value stands for. */
export function stringify(value) {
  const writer = new Writer();
  writer.write(value);
  return writer.written + writer.parts.join("");
}

/** A text being written. What it threw in the middle of is not gone on with, so nothing is put back on the way out. */
class Writer {
  /** The text so far, but for its last pieces. */
  written = "";
  /** Its last pieces. */
  parts = [];
  /** Keys and positions that lead to the value at hand. */
  path = [];
  /** Values so far. */
  values = 0;
  /** Keys as they are written: documents have few keys many times. */
  keys = new Map();

  /** Writes a value. */
  write(value) {
    this.values += 1;
    if (this.values > VALUES_MAX) {
      throw make("limit.exceeded", "limit-exceeded", `an object has at most ${VALUES_MAX} values`);
    }
    if (this.values % VALUES_JOINED === 0) {
      this.written += this.parts.join("");
      this.parts.length = 0;
    }
    switch (typeof value) {
      case "string":
        this.parts.push(JSON.stringify(this.text(value)));
        return;
      case "number":
        this.parts.push(this.number(value));
        return;
      case "boolean":
        this.parts.push(value ? "true" : "false");
        return;
      case "bigint":
        if (value < INTEGER_MIN || value > INTEGER_MAX) throw ofType("an integer is outside 64 bits", this.place());
        this.parts.push(value.toString());
        return;
      case "object":
        if (value === null) this.parts.push("null");
        else this.nested(value);
        return;
      default:
        throw ofType(`${kindOf(value)} stands for no JSON value`, this.place());
    }
  }

  /** Writes a value that holds others. */
  nested(value) {
    if (this.path.length >= DEPTH_MAX) {
      throw make("json.too_deep", "invalid-input", `more than ${DEPTH_MAX} levels of nesting`, {
        path: this.place(),
        help: "does an array or an object hold itself?",
      });
    }
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) this.list(value);
    else this.object(value);
  }

  /** Writes a number: what is a whole number as an integer. */
  number(value) {
    if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "0" : String(value);
    if (!Number.isFinite(value)) throw ofType(`\`${value}\` is no number in JSON`, this.place());
    if (Number.isInteger(value)) {
      const options = { path: this.place(), help: "give it as a bigint" };
      throw make("json.type", "invalid-input", "an integer above 2^53 is not exact as a number", options);
    }
    return String(value);
  }

  /** A text, if it is one that Unicode has. */
  text(text) {
    return isWellFormed(text) ? text : toText(text, this.place());
  }

  /** Writes the elements of an array. */
  list(value) {
    const { parts, path } = this;
    const length = value.length;
    const depth = path.length;
    parts.push("[");
    for (let index = 0; index < length; index += 1) {
      if (index > 0) parts.push(",");
      path.push(index);
      this.write(value[index]);
      path.length = depth;
    }
    parts.push("]");
  }

  /** Writes the entries of an object. Those that are `undefined` are left out, as `JSON.stringify` does. */
  object(value) {
    const { parts, path, keys } = this;
    const depth = path.length;
    if (typeof value.toJSON === "function") {
      const plain = value.toJSON();
      if (plain !== value) {
        path.push("toJSON()");
        this.write(plain);
        path.length = depth;
        return;
      }
    }
    if (typeof value.then === "function") throw ofType("a promise stands for no JSON value", this.place());
    const names = Object.keys(value);
    if (KEEPERS.some((kind) => value instanceof kind) || (names.length === 0 && !isPlain(value))) {
      throw ofType(`${classOf(value)} stands for no JSON value`, this.place());
    }
    parts.push("{");
    let isFirst = true;
    for (const key of names) {
      const entry = value[key];
      if (entry === undefined) continue;
      if (!isFirst) parts.push(",");
      isFirst = false;
      let written = keys.get(key);
      if (written === undefined) {
        written = `${JSON.stringify(this.text(key))}:`;
        keys.set(key, written);
      }
      parts.push(written);
      path.push(key);
      this.write(entry);
      path.length = depth;
    }
    parts.push("}");
  }

  /** The path to the value at hand, as much of it as a message repeats. */
  place() {
    let place = "";
    for (const step of this.path) {
      if (place.length > 200) return `${place}…`;
      if (typeof step === "number") place += `[${step}]`;
      else place += (place === "" ? "" : ".") + (step.length > 80 ? step.slice(0, 80) : step);
    }
    return place === "" ? undefined : place;
  }
}

/** The text of a document, and whether it was given as text: what an error in a text is about. */
export function toDocument(document) {
  if (typeof document === "string") return toText(document);
  if (document instanceof Uint8Array) return fromBytes(document);
  if (typeof document !== "object" || document === null) {
    throw ofType(`a document is JSON text, its bytes or an object, not ${kindOf(document)}`, "");
  }
  return stringify(document);
}

/** The text of documents: an array of them, or a document that is an array. */
export function toArrayDocument(documents) {
  return Array.isArray(documents) ? `[${documents.map(toDocument).join(",")}]` : toDocument(documents);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes. */
function fromBytes(bytes) {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    if (isTooLong(cause)) throw make("limit.exceeded", "limit-exceeded", "a text of JavaScript cannot be so long", { cause });
    throw make("json.syntax", "invalid-input", "text is not UTF-8", { cause });
  }
}

/** Whether an error says that a text would be longer than texts can be here. */
function isTooLong(error) {
  return error?.code === "ERR_STRING_TOO_LONG" || (error instanceof RangeError && /string length/.test(error.message));
}

/** The text that the module answers. That there may be none so long says nothing of the module, which is done by then. */
export function asText(work) {
  try {
    return work();
  } catch (fault) {
    if (!isTooLong(fault)) throw fault;
    throw make("limit.exceeded", "limit-exceeded", "the state is longer than a text of JavaScript can be", { cause: fault });
  }
}

/** An answer of the engine: `0` and JSON text, or `1` where an integer in it is above 2^53. */
export function parse(answer) {
  const text = answer.slice(1);
  return answer.charCodeAt(0) === 48 ? JSON.parse(text) : JSON.parse(marked(text), revive);
}

// Every JSON parser can tell a number's text from others, but `JSON.parse` hands it on only in newer engines. So large integers
// are made texts that begin with U+0000, which JSON writes as an escape and thus in one way only, and texts that begin so already are
// marked as texts. No regular expression goes over a text as a whole: of a long one it would have no stack left.
const NUL = "\\u0000";
const [INTEGER, TEXT] = ["i", "t"];
/** Integers that a number may not hold, of 64 bits: longer ones the engine neither takes nor gives. */
const INTEGERS = /(?<![\d.eE+-])-?\d{16,20}(?![\d.eE])/g;
/** What comes behind a text that is a key. */
const COLON = /[ \t\r\n]*:/y;

/** The text with every integer of 16 digits or more as a marked string. */
function marked(text) {
  const parts = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf('"', at);
    const between = open < 0 ? text.slice(at) : text.slice(at, open);
    parts.push(between.length < 16 ? between : between.replace(INTEGERS, `"${NUL}${INTEGER}$&"`));
    if (open < 0) return parts.join("");
    const close = endOfText(text, open);
    COLON.lastIndex = close;
    if (text.startsWith(NUL, open + 1) && !COLON.test(text)) {
      parts.push(`"${NUL}${TEXT}`, text.slice(open + 1, close));
    } else {
      parts.push(text.slice(open, close));
    }
    at = close;
  }
}

/** Behind the closing quote of the text that is opened at a place. */
function endOfText(text, open) {
  for (let at = open + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let before = at;
    while (text.charCodeAt(before - 1) === 92) before -= 1;
    if ((at - before) % 2 === 0) return at + 1;
  }
}

/** A marked string as what it was. */
function revive(_key, value) {
  if (typeof value !== "string" || value.charCodeAt(0) !== 0) return value;
  if (value[1] === TEXT) return value.slice(2);
  const integer = BigInt(value.slice(2));
  return integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(integer) : integer;
}
