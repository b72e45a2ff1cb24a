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
