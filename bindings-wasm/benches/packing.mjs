// Packing, buying and moving through this package, beside the command. Usage:
//   cargo build --release -p placewright-cli
//   node benches/packing.mjs [NATIVE_PROGRAM] [TURNS]
// NATIVE_PROGRAM is `target/release/placewright` by default. Each problem has a budget in steps, so both do the same work and have to
// give the same answer; a time is that of solving alone, as both measure it, the least of several turns, which they take in turn.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { stringify } from "../pkg/json.js";
import { fleet, pack } from "../pkg/pack-node.js";

const [given, turns = "5"] = process.argv.slice(2);
const native = given ?? fileURLToPath(new URL("../../target/release/placewright", import.meta.url));

/** Numbers of a linear congruential generator: the same on every machine. */
function draws(seed) {
  let state = BigInt(seed);
  return (from, to) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
    return from + Number((state >> 33n) % BigInt(to - from + 1));
  };
}

/** Items of so many kinds. */
function items(kinds, demand, most = 1) {
  const draw = draws(kinds);
  return Array.from({ length: kinds }, (_, at) => ({ id: `i-${at}`, demand: demand(draw), count: draw(1, most) }));
}

const ONE = [{ id: "bin", capacity: [1000] }];
const TWO = [{ id: "bin", capacity: [4096, 16_384] }];
const two = (draw) => [draw(64, 2048), draw(128, 8192)];
const TYPES = [
  { id: "c", capacity: [2048, 4096], cost: 0.085 },
  { id: "m", capacity: [2048, 8192], cost: 0.096 },
  { id: "r", capacity: [2048, 16_384], cost: 0.126 },
  { id: "c4", capacity: [8192, 16_384], cost: 0.34 },
  { id: "m4", capacity: [8192, 32_768], cost: 0.384 },
  { id: "r4", capacity: [8192, 65_536], cost: 0.504 },
];
const mix = { dimensions: ["cpu", "memory"], items: items(120, two, 4) };

const PROBLEMS = {
  "first-fit, 2,000 kinds, 2 dimensions": { dimensions: ["a", "b"], items: items(2000, two), bins: TWO, options: { solver: "first-fit", steps: 0 } },
  "best-fit, 100,000 kinds, 2 dimensions": { dimensions: ["a", "b"], items: items(100_000, two), bins: TWO, options: { solver: "best-fit", steps: 0 } },
  "dot-product, 1,000 kinds, 2 dimensions": { dimensions: ["a", "b"], items: items(1000, two), bins: TWO, options: { solver: "dot-product", steps: 0 } },
  "fill, 1,000 items, 1 dimension": { dimensions: ["a"], items: items(1000, (draw) => [draw(20, 700)]), bins: ONE, options: { solver: "fill", steps: 10_000_000 } },
  "column, 200 items, 1 dimension": { dimensions: ["a"], items: items(200, (draw) => [draw(150, 500)]), bins: ONE, options: { solver: "column", steps: 20_000_000 } },
  "local-search, 400 kinds, 2 dimensions": { dimensions: ["a", "b"], items: items(400, two), bins: TWO, options: { solver: "local-search", steps: 10_000_000 } },
  "purchase, 120 kinds, 6 types": { ...mix, bins: TYPES, options: { solver: "purchase", steps: 5_000_000 } },
  "auto, 200 kinds, 2 dimensions": { dimensions: ["a", "b"], items: items(200, two), bins: TWO, options: { steps: 10_000_000 } },
  "fleet, 120 kinds, 6 offers": { ...mix, catalogue: TYPES, options: { steps: 10_000_000 } },
};

const ofNative = (command, text) => JSON.parse(execFileSync(native, [command, "-"], { input: text, encoding: "utf8", maxBuffer: 1 << 28 }));

console.log("| problem | steps | native, ms | module, ms | times |\n|---|---:|---:|---:|---:|");
for (const [name, problem] of Object.entries(PROBLEMS)) {
  const [command, call] = "catalogue" in problem ? ["fleet", fleet] : ["pack", pack];
  const text = stringify(problem);
  const least = [Infinity, Infinity];
  let steps;
  for (let turn = 0; turn < Number(turns); turn += 1) {
    const { milliseconds: theirs, ...expected } = ofNative(command, text);
    const { milliseconds: ours, ...answer } = call(text);
    assert.deepEqual(answer, expected, name);
    least[0] = Math.min(least[0], theirs);
    least[1] = Math.min(least[1], ours);
    steps = answer.steps;
  }
  console.log(`| ${name} | ${steps} | ${least[0]} | ${least[1]} | ${(least[1] / least[0]).toFixed(2)} |`);
}
