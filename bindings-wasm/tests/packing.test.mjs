// The corpus of packing, as text and as objects, with the digest of the native run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import test from "node:test";

import { PlacewrightError } from "../pkg/node.js";
import { parse, stringify } from "../pkg/json.js";
import { run } from "../pkg/pack-engine.js";
import { fleet, pack, rearrange } from "../pkg/pack-node.js";
import { Watch } from "../pkg/pack-watch.js";
import { ROOT, files, read } from "./support.mjs";

const FOLDER = `${ROOT}core/testdata/packing`;
const CASES = files(FOLDER).map((file) => parse(`1${read(file)}`));

/** What the command prints. */
function nativeDigest() {
  if (process.env.PLACEWRIGHT_PACKING_DIGEST) return process.env.PLACEWRIGHT_PACKING_DIGEST;
  const command = ["run", "-q", "--release", "-p", "placewright-cli", "--", "conformance", FOLDER];
  return /^digest of packing ([0-9a-f]{64})$/m.exec(execFileSync("cargo", command, { cwd: ROOT, encoding: "utf8" }))[1];
}

/** The cluster of a rearrangement as one document. */
const clusterOf = ({ cluster, tasks, taskDefinitions }) => ({ ...cluster, tasks: tasks?.tasks ?? tasks, taskDefinitions });

/** The input of a case as text. */
const textOf = (value) => (typeof value === "string" ? value : stringify(value));

/** How a case is given to the calls of this package: `[call, arguments]`. */
const FORMS = {
  objects: ({ kind, input, catalogue }) => {
    if (kind === "rearrange") return [rearrange, [clusterOf(input), input.rearrange]];
    return kind === "fleet" ? [fleet, [input, catalogue]] : [pack, [input]];
  },
  texts: ({ kind, input, catalogue }) => {
    if (kind === "rearrange") return [rearrange, [textOf(clusterOf(input)), input.rearrange]];
    return kind === "fleet" ? [fleet, [textOf(input), catalogue === undefined ? undefined : textOf(catalogue)]] : [pack, [textOf(input)]];
  },
  bytes: (one) => {
    const [call, args] = FORMS.texts(one);
    return [call, args.map((text) => (typeof text === "string" ? new TextEncoder().encode(text) : text))];
  },
};

/** What comes of a call: the answer, or the error. */
function outcome(call, args) {
  try {
    const { milliseconds, ...answer } = call(...args);
    return { answer };
  } catch (error) {
    if (!(error instanceof PlacewrightError)) throw error;
    return { error };
  }
}

for (const [name, form] of Object.entries(FORMS)) {
  test(`every case of packing answers as it should, documents as ${name}`, () => {
    assert.ok(CASES.length >= 140);
    let passed = 0;
    for (const one of CASES) {
      const { id, expect, input } = one;
      // The text of what JSON does not hold is no object.
      if (name === "objects" && typeof input === "string") continue;
      const { answer, error } = outcome(...form(one));
      if (expect.answer !== undefined) {
        assert.equal(error, undefined, `${id}: ${error?.text}`);
        // Texts of both, so that the order of keys counts.
        assert.equal(stringify(answer), stringify(expect.answer), id);
      } else {
        const { code, path, message } = expect.error;
        assert.equal(error?.code, code, id);
        // Options of a rearrangement are a document of their own here.
        if (path !== undefined) assert.equal(error.path, path.replace(/^rearrange\.?/, "") || undefined, `${id}: ${error.text}`);
        if (message !== undefined) assert.ok(error.message.includes(message), `${id}: ${error.message}`);
      }
      passed += 1;
    }
    assert.ok(passed >= (name === "objects" ? 135 : 140), `only ${passed} cases could be run`);
  });
}

/** What the digest is over: answers as the module writes them, before they are objects, which know no 0.0. */
function lineOf({ kind, input, catalogue }, asText) {
  const watch = new Watch({});
  const call = {
    pack: (glue) => glue.pack(asText(input), "{}", watch),
    fleet: (glue) => glue.fleet(asText(input), catalogue === undefined ? "" : asText(catalogue), "{}", watch),
    rearrange: (glue) => glue.rearrange(asText(clusterOf(input)), asText(input.rearrange ?? {}), undefined, watch),
  }[kind];
  try {
    return run(call).slice(1).replace(/"milliseconds":\d+,/, "");
  } catch (error) {
    return JSON.stringify(error.code);
  }
}

test("the digest of packing is that of the native run", () => {
  const native = nativeDigest();
  for (const asText of [textOf, (value) => (typeof value === "string" ? value : stringify(parse(`1${textOf(value)}`)))]) {
    const hash = createHash("sha256");
    for (const one of [...CASES].sort((a, b) => (a.id < b.id ? -1 : 1))) hash.update(`${one.id}\n${lineOf(one, asText)}\n`);
    assert.equal(hash.digest("hex"), native);
  }
});
