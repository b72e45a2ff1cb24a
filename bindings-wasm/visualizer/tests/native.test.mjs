// The page against the native command-line tool: the same scenario, step by step, ends in the same state, byte for byte, and the
// figures on the page are those of the native answers.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { figure, native, saved, setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });

/** Steps of a scenario: a definition by name, how many, under which preset, with which constraint. */
const SCENARIOS = [
  {
    name: "the sample",
    steps: [
      {
        definition: "web",
        count: "100",
        preset: "AZ balanced binpack",
        strategies: ["spread:attribute:ecs.availability-zone", "binpack:memory"],
      },
      {
        definition: "edge",
        count: "10",
        preset: "AZ balanced spread",
        strategies: ["spread:attribute:ecs.availability-zone", "spread:instanceId"],
      },
      { definition: "trainer", count: "10", preset: "Binpack CPU", strategies: ["binpack:cpu"] },
      { definition: "web", count: "10", preset: "Random", strategies: ["random"], seed: "4711" },
    ],
  },
  {
    name: "500 synthetic instances",
    instances: 500,
    steps: [
      {
        definition: "api",
        count: "1,000",
        preset: "AZ balanced binpack",
        strategies: ["spread:attribute:ecs.availability-zone", "binpack:memory"],
      },
      { definition: "worker", count: "100", preset: "Random", strategies: ["random"], seed: "18446744073709551615" },
      {
        definition: "cache",
        count: "1,000",
        preset: "Spread over instances",
        strategies: ["spread:instanceId"],
        constraint: "attribute:stack == prod and attribute:ecs.instance-type =~ [mr]6i.*",
      },
    ],
  },
];

/** The definition of a state that a name means. */
function definitionOf(state, name) {
  return state.taskDefinitions.find(({ family, revision }) => name === `${family}:${revision}`);
}

/** The figures that a page should show of a state. */
function figuresOf({ containerInstances, tasks }) {
  const amount = (list, name) => list.find((record) => record.name === name)?.integerValue ?? 0;
  const share = (name) => {
    const sum = (key) => containerInstances.reduce((total, each) => total + amount(each[key], name), 0);
    const [registered, remaining] = [sum("registeredResources"), sum("remainingResources")];
    return `${(((registered - remaining) / registered) * 100).toFixed(0)} %`;
  };
  const zoneOf = new Map(
    containerInstances.map(({ containerInstanceArn, attributes }) => [
      containerInstanceArn,
      attributes.find(({ name }) => name === "ecs.availability-zone")?.value,
    ]),
  );
  const zones = new Map([...zoneOf.values()].map((zone) => [zone, 0]));
  for (const { containerInstanceArn } of tasks) {
    const zone = zoneOf.get(containerInstanceArn);
    zones.set(zone, zones.get(zone) + 1);
  }
  const used = new Set(tasks.map(({ containerInstanceArn }) => containerInstanceArn)).size;
  return {
    used: `${used.toLocaleString("en")} of ${containerInstances.length.toLocaleString("en")}`,
    tasks: tasks.length.toLocaleString("en"),
    cpu: share("CPU"),
    memory: share("MEMORY"),
    skew: (Math.max(...zones.values()) - Math.min(...zones.values())).toLocaleString("en"),
  };
}

/** Asks the page for a step. */
async function ask(page, { definition, count, preset, constraint, seed = "0" }) {
  await page.getByRole("tab", { name: "Place" }).click();
  const option = page.getByLabel("Definition").locator("option", { hasText: new RegExp(`^${definition}:`) });
  const name = await option.textContent();
  await page.getByLabel("Definition").selectOption({ label: name });
  await page.getByLabel("Preset for Strategies").selectOption({ label: preset });
  await page.getByLabel("Seed of draws").fill(seed);
  if (constraint !== undefined) {
    await page.getByRole("button", { name: "Add memberOf" }).click();
    await page.getByRole("combobox", { name: "memberOf 1" }).fill(constraint);
  }
  await page.getByRole("button", { name: count, exact: true }).click();
  return name;
}

/** Asks the native tool for the same. */
function askNative(folder, from, to, { count, strategies, constraint, seed = "0" }) {
  const words = ["place", join(folder, from), join(folder, "definition.json"), "--count", count.replace(",", ""), "--seed", seed];
  for (const strategy of strategies) words.push("--strategy", strategy);
  if (constraint !== undefined) words.push("--constraint", `memberOf:${constraint}`);
  return JSON.parse(native(...words, "--format", "json", "--export", join(folder, to)));
}

/** The state of the page. */
async function stateOf(page) {
  await page.getByRole("tab", { name: "Share" }).click();
  return saved(page, "Save state");
}

for (const { name, instances, steps } of SCENARIOS) {
  const run = withPage(async (page) => {
    const folder = await mkdtemp(join(tmpdir(), "placewright-"));
    if (instances !== undefined) {
      await page.getByRole("tab", { name: "Cluster" }).click();
      await page.getByLabel("Instances", { exact: true }).fill(String(instances));
      await page.getByRole("button", { name: "Generate" }).click();
      await page.locator(".matches", { hasText: String(instances) }).waitFor();
    }
    await writeFile(join(folder, "0.json"), await stateOf(page));
    for (const [at, step] of steps.entries()) {
      const before = JSON.parse(await readFile(join(folder, `${at}.json`), "utf8"));
      const asked = await ask(page, step);
      await writeFile(join(folder, "definition.json"), JSON.stringify(definitionOf(before, asked)));
      const answer = askNative(folder, `${at}.json`, `${at + 1}.json`, step);
      const total = Number(step.count.replace(",", ""));
      const lost = total - answer.tasks.length;
      const told = lost === 0 ? `${total.toLocaleString("en")} placed` : `${answer.tasks.length} placed, ${lost} not`;
      await page.locator(".headline", { hasText: told }).waitFor();
      const text = await readFile(join(folder, `${at + 1}.json`), "utf8");
      for (const [key, value] of Object.entries(figuresOf(JSON.parse(text)))) {
        assert.equal(await figure(page, key), value, `${key} after step ${at + 1}`);
      }
      assert.equal((await stateOf(page)).trim(), text.trim(), `the state after step ${at + 1}`);
    }
    await rm(folder, { recursive: true });
  });
  test(`${name}: page and native tool end in the same state, byte for byte`, { timeout: 300_000 }, run);
}

test("queries select what the native tool selects", { timeout: 300_000 }, async () => {
  const run = withPage(async (page) => {
    const folder = await mkdtemp(join(tmpdir(), "placewright-"));
    const file = join(folder, "state.json");
    await writeFile(file, await stateOf(page));
    for (const expression of [
      "attribute:ecs.instance-type =~ [mc]6i.*",
      "task:group == service:web or runningTasksCount == 0",
      "not (agentConnected == true)",
    ]) {
      const ids = native("query", "--cluster", file, expression)
        .trim()
        .split("\n")
        .filter((id) => id !== "");
      await page.getByRole("combobox", { name: "Select instances" }).fill(expression);
      await page.locator(".matches", { hasText: `${ids.length} instance${ids.length === 1 ? "" : "s"} selected` }).waitFor();
    }
    await rm(folder, { recursive: true });
  });
  await run();
});
