// The conformance corpus, as text, as objects, and by this package's own calls, with the digest of the native run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import test from "node:test";

import { Cluster, PlacewrightError } from "../pkg/node.js";
import * as kit from "../pkg-testkit/placewright.js";
import { again, FORMS, runAll } from "./run.mjs";
import { ROOT, files, read } from "./support.mjs";

const CASES = `${ROOT}core/testdata/placement`;
const FILES = files(CASES);

kit.initSync({ module: readFileSync(new URL("../pkg-testkit/placewright_bg.wasm", import.meta.url)) });

/** What the command prints. */
function nativeDigest() {
  if (process.env.PLACEWRIGHT_DIGEST) return process.env.PLACEWRIGHT_DIGEST;
  const command = ["run", "-q", "--release", "-p", "placewright-cli", "--", "conformance", CASES];
  const said = execFileSync("cargo", command, { cwd: ROOT, encoding: "utf8" });
  return /^digest ([0-9a-f]{64})$/m.exec(said)[1];
}

const digestOf = (reports) => kit.conformance_digest(JSON.stringify(reports));

/** Placements of the steps of a replay. */
const placementsOf = ({ id, steps }) => ({
  id,
  placements: steps.flatMap((step, number) => (step.tasks ?? []).map((task) => [number, task.containerInstanceArn])),
});

test("every case passes in the module, with the digest of the native run", () => {
  const reports = [];
  for (const file of FILES) {
    const isOrdered = relative(CASES, file).split("/").slice(0, -1).includes("ordered");
    const report = JSON.parse(kit.conformance_check(read(file), isOrdered));
    assert.notEqual(report.verdict, "fail", `${file}: ${report.reasons.join("\n")}`);
    reports.push(report);
  }
  assert.ok(reports.length > 300);
  assert.equal(digestOf(reports), nativeDigest());
});

test("every case replays the same on every route, and as an object", () => {
  const replays = FILES.map((file) => {
    const text = read(file);
    const replayed = kit.conformance_replay(text, "auto", 0n);
    for (const route of ["scan", "indexed"]) assert.equal(kit.conformance_replay(text, route, 0n), replayed, file);
    assert.equal(kit.conformance_replay(again(text), "auto", 0n), replayed, file);
    return placementsOf(JSON.parse(replayed));
  });
  assert.equal(digestOf(replays), nativeDigest());
});

/** The engine's own runner. */
const runner = { expand: kit.conformance_expand, replay: (text) => kit.conformance_replay(text, "auto", 0n) };

for (const [name, form] of Object.entries(FORMS)) {
  test(`cases by the calls of this package place alike, documents as ${name}`, () => {
    const { run, failures } = runAll({ Cluster, PlacewrightError }, runner, FILES.map(read), form);
    assert.deepEqual(failures, []);
    assert.ok(run > 250, `only ${run} cases could be run`);
  });
}
