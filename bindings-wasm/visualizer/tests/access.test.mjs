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

/** What has the focus: its name, or the text of its label. What is disabled loses it only when the page is drawn. */
const focused = (page) =>
  page.evaluate(async () => {
    for (const _ of [1, 2]) await new Promise((done) => requestAnimationFrame(done));
    const { activeElement: element } = document;
    if (element === document.body) return "nothing";
    return element?.getAttribute("aria-label") ?? element?.labels?.[0]?.textContent.trim() ?? element?.textContent.trim();
  });

test(
  "a rule or constraint that is taken out by keyboard leaves the focus beside it, and is told",
  withPage(async (page) => {
    const grips = page.locator(".chain .grip");
    const told = page.locator('.chain [role="status"]');
    await page.getByLabel("Add a rule to Strategies").selectOption({ label: "random" });
    await grips.nth(1).focus();
    await page.keyboard.press("Delete");
    assert.match(await focused(page), /^random, number 2 of 2;/);
    assert.equal(await told.textContent(), "binpack memory is taken out, 2 rules are left");
    await page.keyboard.press("Backspace");
    assert.match(await focused(page), /^spread over availability-zone, number 1 of 1;/);
    assert.equal(await told.textContent(), "random is taken out, 1 rule is left");
    await page.getByRole("button", { name: "Take spread over availability-zone out" }).press("Enter");
    assert.match(await focused(page), /^Add a rule to Strategies/);
    assert.equal(await told.textContent(), "spread over availability-zone is taken out, no rule is left");

    const add = page.getByRole("button", { name: "Add memberOf" });
    for (const at of [1, 2]) {
      await add.press("Enter");
      assert.equal(await focused(page), `memberOf ${at}`);
      assert.ok(
        await page.getByRole("combobox", { name: `memberOf ${at}` }).evaluate((field) => field === document.activeElement),
      );
    }
    await page.getByRole("button", { name: "Take memberOf 2 out" }).press("Enter");
    assert.equal(await focused(page), "Take memberOf 1 out");
    await page.keyboard.press("Enter");
    assert.equal(await focused(page), "Add memberOf");
  }),
);

test(
  "undo and redo keep the focus when nothing is left for them, and then do nothing",
  withPage(async (page) => {
    await page.getByRole("button", { name: "Place 1" }).click();
    for (const [name, tasks] of [
      ["Undo", "12"],
      ["Redo", "13"],
    ]) {
      const button = page.getByRole("button", { name });
      await button.focus();
      for (const _ of [1, 2]) {
        await page.keyboard.press("Enter");
        await page.locator('[data-figure="tasks"]', { hasText: tasks }).waitFor();
        assert.ok(await button.isDisabled());
        assert.match(await focused(page), new RegExp(name));
      }
    }
  }),
);

test(
  "a message that is no error goes by itself, unless it is being read; an error stays",
  withPage(async (page) => {
    await page.clock.install();
    await page.getByRole("tab", { name: "Share" }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    const good = page.locator(".notice.good");
    await good.waitFor();
    await good.hover();
    await page.clock.fastForward(9000);
    assert.equal(await good.count(), 1);
    await page.mouse.move(0, 0);
    await page.clock.fastForward(9000);
    await good.waitFor({ state: "detached" });
    await page.getByRole("tab", { name: "Place" }).click();
    await page.getByLabel("Seed of draws").fill("abc");
    await page.getByRole("button", { name: "Place 1" }).click();
    const error = page.locator(".notice.error");
    await error.waitFor();
    await page.clock.fastForward(20_000);
    // What a timer changes is drawn a moment later.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    assert.equal(await error.count(), 1);
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
