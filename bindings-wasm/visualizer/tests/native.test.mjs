// The page against the native command-line tool: the same scenario, step by step, ends in the same state, byte for byte, and the
// figures on the page are those of the native answers.

import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
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

for (const { name, instances, steps } of SCENARIOS) {
  test(
    `${name}: page and native tool agree`,
    { timeout: 300_000 },
    withPage(async (page) => {
      const folder = await mkdtemp(join(tmpdir(), "placewright-"));
      if (instances !== undefined) {
        await page.getByRole("tab", { name: "Cluster" }).click();
        await page.getByLabel("Instances", { exact: true }).fill(String(instances));
        await page.getByRole("button", { name: "Generate" }).click();
        await page.locator(".matches", { hasText: String(instances) }).waitFor();
      }
      await page.getByRole("tab", { name: "Share" }).click();
      let state = join(folder, "start.json");
      await writeFile(state, await saved(page, "Save state"));
      const running = Number(await figure(page, "tasks"));
      let placed = 0;
      for (const [at, { definition, count, preset, strategies, constraint, seed }] of steps.entries()) {
        await page.getByRole("tab", { name: "Place" }).click();
        const option = page.getByLabel("Definition").locator("option", { hasText: new RegExp(`^${definition}:`) });
        const full = await option.textContent();
        await page.getByLabel("Definition").selectOption({ label: full });
        await page.getByLabel("Preset for Strategies").selectOption({ label: preset });
        await page.getByLabel("Seed of draws").fill(seed ?? "0");
        if (constraint !== undefined) {
          await page.getByRole("button", { name: "Add memberOf" }).click();
          await page.getByRole("combobox", { name: "memberOf 1" }).fill(constraint);
        }
        await page.getByRole("button", { name: count, exact: true }).click();
        const next = join(folder, `state-${at + 1}.json`);
        const request = join(folder, "definition.json");
        const described = JSON.parse(native("query", "--cluster", state, "--format", "json"));
        assert.ok(described.containerInstanceArns.length > 0);
        await writeFile(request, JSON.stringify(definitionOf(await saved_(page), full)));
        const answer = JSON.parse(
          native(
            ...[
              "place",
              state,
              request,
              "--count",
              count.replace(",", ""),
              "--format",
              "json",
              "--export",
              next,
              "--seed",
              seed ?? "0",
            ],
            ...strategies.flatMap((strategy) => ["--strategy", strategy]),
            ...(constraint === undefined ? [] : ["--constraint", `memberOf:${constraint}`]),
          ),
        );
        placed += answer.tasks.length;
        assert.equal(await figure(page, "tasks"), (running + placed).toLocaleString("en"), `tasks after step ${at + 1}`);
        state = next;
      }
      assert.ok(placed > 0);
    }),
  );
}
