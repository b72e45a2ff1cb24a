// What the tests share: clusters to try things on, and how to read an error.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Cluster, PlacewrightError } from "../pkg/node.js";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export const WEB = { family: "web", containerDefinitions: [{ name: "app", cpu: 256, memory: 512 }] };
export const JOB = { family: "job", containerDefinitions: [{ name: "app", cpu: 1024, memory: 3000 }] };

/** Twelve instances in three zones, half of them of the stack `prod`. */
export function cluster(options = undefined) {
  const made = new Cluster(options);
  for (let number = 0; number < 12; number += 1) {
    made.register({
      name: `i-${number}`,
      cpu: 4096,
      memoryMib: 8192,
      zone: `eu-west-1${"abc"[number % 3]}`,
      attributes: { stack: number % 2 === 0 ? "prod" : "dev" },
    });
  }
  made.registerTaskDefinition(WEB);
  made.registerTaskDefinition(JOB);
  return made;
}

/** Items of many sizes in two dimensions, which no solver proves optimal at once. */
export function problem(kinds = 120) {
  const items = Array.from({ length: kinds }, (_, at) => ({
    id: `t-${at}`,
    demand: [100 + ((at * 7919) % 900), 50 + ((at * 104_729) % 1900)],
    count: 1 + (at % 3),
  }));
  return { dimensions: ["cpu", "memory"], items, bins: [{ id: "m", capacity: [2048, 4096] }] };
}

/** The error that a call throws, which has to be one of ours. */
export function refusal(call, code = undefined) {
  let error;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof PlacewrightError, `threw ${error?.stack ?? "nothing"}`);
  assert.ok(error instanceof Error);
  assert.equal(error.name, "PlacewrightError");
  assert.ok(typeof error.code === "string" && typeof error.class === "string");
  assert.ok(error.message !== "" && error.text !== "");
  if (code !== undefined) assert.equal(error.code, code, error.text);
  return error;
}

/** Every JSON file below a folder. */
export function files(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}

export const read = (file) => readFileSync(file, "utf8");

/** The error of a call that a worker answers, which has to be one of ours. */
export async function rejection(promise, code) {
  const error = await promise.then(
    () => assert.fail("threw nothing"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof PlacewrightError, error?.stack);
  assert.equal(error.code, code);
  return error;
}
