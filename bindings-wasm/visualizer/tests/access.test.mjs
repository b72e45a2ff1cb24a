// Who can use it: axe finds nothing in either theme and at phone width, and nothing needs a pointer or sideways scrolling.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong, in words. */
async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

/** Brings each part of the page up once. */
const STATES = {
  "at the start": async () => {},
  "after a failure": async (page) => {
    await page.getByRole("button", { name: "1,000", exact: true }).click();
    await page.locator(".nearest button").click();
  },
  "with an expression that is wrong, and completions": async (page) => {
    await page.getByRole("combobox", { name: "Select instances" }).fill("attribute:ecs.i = 2");
    await page.getByRole("combobox", { name: "Select instances" }).fill("attribute:ecs.os-typ == linux");
    await page.getByRole("combobox", { name: "Select instances" }).fill("attribute:ecs.");
    await page.locator('[role="option"]').first().waitFor();
  },
  "with the form, what it does not take, and a constraint": async (page) => {
    await page.getByLabel("Definition").selectOption("form");
    await page.getByLabel("CPU units").fill("-5");
    await page.getByLabel("Seed of draws").fill("abc");
    await page.getByRole("button", { name: "Add memberOf" }).click();
  },
  "the cluster panel": (page) => page.getByRole("tab", { name: "Cluster" }).click(),
  "the share panel": async (page) => {
    await page.getByRole("tab", { name: "Share" }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.locator(".notice").waitFor();
  },
  "a packing": async (page) => {
    await page.getByRole("tab", { name: "Pack" }).click();
    await page.getByLabel("What is packed").selectOption("list");
    await page.getByRole("combobox", { name: "Types" }).selectOption("given");
    await page.getByRole("button", { name: "Pack", exact: true }).click();
    await page.locator(".planned").waitFor();
  },
  "a fleet": async (page) => {
    await page.getByRole("tab", { name: "Fleet" }).click();
    await page.getByRole("button", { name: "Find the fleet" }).click();
    await page.locator(".planned").waitFor();
  },
  moves: async (page) => {
    await page.getByRole("button", { name: "10", exact: true }).click();
    await page.getByRole("tab", { name: "Rearrange" }).click();
    await page.getByRole("button", { name: "Plan the moves" }).click();
    await page.locator(".planned").waitFor();
  },
  "a comparison": async (page) => {
    await page.getByRole("tab", { name: "Compare" }).click();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.locator(".versus").waitFor();
  },
};

const WAYS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "phone width": { viewport: { width: 360, height: 740 }, hasTouch: true },
};

for (const [way, options] of Object.entries(WAYS)) {
  for (const [state, bring] of Object.entries(STATES)) {
    test(
      `axe finds nothing: ${way}, ${state}`,
      withPage(async (page) => {
        await bring(page);
        assert.deepEqual(await findings(page), []);
        const [inner, scroll] = await page.evaluate(() => [
          document.documentElement.clientWidth,
          document.documentElement.scrollWidth,
        ]);
        assert.ok(scroll <= inner, `the page is ${scroll} wide where ${inner} are seen`);
      }, options),
    );
  }
}

test(
  "everything that can be pressed is reached by the tab key",
  withPage(async (page) => {
    await page.getByRole("button", { name: "10", exact: true }).click();
    const reached = new Set();
    await page.evaluate(() => document.body.focus());
    for (let press = 0; press < 160; press += 1) {
      await page.keyboard.press("Tab");
      const name = await page.evaluate(() => {
        const element = document.activeElement;
        return element === null || element === document.body
          ? ""
          : (element.getAttribute("aria-label") ?? element.id ?? "") + (element.textContent ?? "");
      });
      reached.add(name);
    }
    const wanted = await page.evaluate(() =>
      [...document.querySelectorAll("button:not(:disabled), select, input, [role=application]")]
        .filter((element) => element.tabIndex >= 0)
        .map((element) => (element.getAttribute("aria-label") ?? element.id ?? "") + (element.textContent ?? "")),
    );
    assert.deepEqual(
      wanted.filter((name) => !reached.has(name)),
      [],
    );
  }),
);

test(
  "the theme follows the system, and what the reader chose",
  withPage(async (page) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Dark theme" }).click();
    assert.notEqual(await ground(), light);
    await page.getByRole("button", { name: "Light theme" }).click();
    assert.equal(await ground(), light);
  }),
);
