// Share: a link and a file lead to the same state, and a damaged one is refused in words.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, give, open, saved, setUp } from "./harness.mjs";

const { held, withPage } = setUp({ before, after });

/** Some steps of several kinds, with draws in them. */
async function work(page) {
  await page.getByRole("tab", { name: "Place" }).click();
  await page.getByRole("button", { name: "10", exact: true }).click();
  await page.getByLabel("Preset for Strategies").selectOption({ label: "Random" });
  await page.getByLabel("Seed of draws").fill("99");
  await page.getByRole("button", { name: "100", exact: true }).click();
  await page.getByRole("application").focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("button", { name: "Drain" }).click();
  await page.getByLabel("Definition").selectOption("form");
  await page.getByRole("button", { name: "10", exact: true }).click();
  await page.getByRole("combobox", { name: "Select instances" }).fill("runningTasksCount > 3");
  await page.getByRole("tab", { name: "Share" }).click();
}

test(
  "a link replays to the same state in another window",
  withPage(async (page) => {
    await work(page);
    await page.getByRole("button", { name: "Copy link" }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    assert.ok(link.length < 4000, `${link.length} characters`);
    const state = await saved(page, "Save state");
    const other = await open(held.browser, held.server.origin, { hash: new URL(link).hash });
    await other.page.getByText("Replayed 4 steps: the same state").waitFor();
    assert.equal(await figure(other.page, "tasks"), await figure(page, "tasks"));
    assert.equal(await other.page.locator(".matches").textContent(), await page.locator(".matches").textContent());
    await other.page.getByRole("tab", { name: "Share" }).click();
    assert.equal(await saved(other.page, "Save state"), state);
    assert.deepEqual(other.faults, []);
    await other.close();
  }),
);

test(
  "a file does the same, and the whole log can be undone from it",
  withPage(async (page) => {
    await work(page);
    const file = await saved(page, "Save as file");
    assert.equal(JSON.parse(file).log.length, 4);
    const other = await open(held.browser, held.server.origin);
    await give(other.page, JSON.parse(file));
    await other.page.getByText("Replayed 4 steps: the same state").waitFor();
    assert.equal(await figure(other.page, "tasks"), await figure(page, "tasks"));
    await other.page.getByRole("tab", { name: "Place" }).click();
    for (let step = 0; step < 4; step += 1) await other.page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await figure(other.page, "tasks"), "12");
    await other.close();
  }),
);

test("a link that is damaged, or of another kind, is refused, and the sample is shown", async () => {
  const json = (value) => `#s=${Buffer.from(JSON.stringify(value)).toString("base64url")}`;
  for (const hash of ["#s=", "#s=%%%", "#s=AAAA", json({ format: "placewright-scenario/1" })]) {
    const { page, faults, close } = await open(held.browser, held.server.origin, { hash });
    await page.locator(".notice.error", { hasText: "the link is damaged" }).waitFor();
    assert.equal(await figure(page, "used"), "7 of 9");
    assert.deepEqual(faults, []);
    await close();
  }
});

test(
  "a scenario that is none is refused, key by key",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Share" }).click();
    const good = JSON.parse(await saved(page, "Save as file"));
    const bad = [
      [{ ...good, format: "placewright-scenario/9" }, "format"],
      [{ ...good, source: { kind: "elsewhere" } }, "source"],
      [{ ...good, log: [{ kind: "place" }] }, "log"],
      [{ ...good, draft: { ...good.draft, strategies: [1] } }, "draft"],
      [{ ...good, log: [{ ...good.draft, kind: "place", definition: "web:7", count: 1, seed: "1.5" }] }, "Seed of draws"],
      [{ ...good, draft: { ...good.draft, form: { ...good.draft.form, cpu: -5 } } }, "draft.form"],
      [{ ...good, log: [{ kind: "drain", instance: "nobody" }] }, "nobody"],
      [{ ...good, source: { kind: "synthetic", zones: 3, types: ["m6i.xlarge"], count: 1e9, seed: 0 } }, "100,000"],
    ];
    for (const [value, named] of bad) {
      await give(page, value);
      await page.locator(".notice.error", { hasText: named }).waitFor();
      assert.equal(await figure(page, "used"), "7 of 9");
    }
  }),
);

test(
  "the commands are those of the command-line tool",
  withPage(async (page) => {
    await work(page);
    const text = await page.getByLabel("Commands").inputValue();
    assert.match(
      text,
      /placewright place start\.json \.\/web-7\.json --count 10 --strategy spread:attribute:ecs\.availability-zone --strategy binpack:memory --export state-1\.json/,
    );
    assert.match(text, /--strategy random --seed 99/);
  }),
);

test(
  "a link that is opened in the same window replaces what is there",
  withPage(async (page) => {
    await page.getByRole("button", { name: "10", exact: true }).click();
    await page.getByRole("tab", { name: "Share" }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    const { hash } = new URL(await page.getByLabel("Link", { exact: true }).inputValue());
    await page.getByRole("tab", { name: "Place" }).click();
    await page.getByRole("button", { name: "100", exact: true }).click();
    assert.equal(await figure(page, "tasks"), "122");
    await page.evaluate((next) => {
      location.hash = "";
      location.hash = next;
    }, hash);
    await page.getByText("Replayed 1 step: the same state").waitFor();
    assert.equal(await figure(page, "tasks"), "22");
  }),
);

test(
  "a replay that ends elsewhere is told",
  withPage(async (page) => {
    await page.getByRole("button", { name: "10", exact: true }).click();
    await page.getByRole("tab", { name: "Share" }).click();
    const scenario = JSON.parse(await saved(page, "Save as file"));
    await give(page, { ...scenario, fingerprint: "1" });
    await page.locator(".notice.error", { hasText: "another state" }).waitFor();
  }),
);

test(
  "what is too large for a link is said to be, and goes into a file",
  withPage(async (page) => {
    // Ids that cannot be made shorter.
    let state = 1;
    const letters = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state.toString(36);
    };
    const containerInstances = Array.from({ length: 2000 }, () => ({
      containerInstanceArn: `i-${letters()}${letters()}${letters()}`,
    }));
    await give(page, { containerInstances });
    await page.locator(".matches", { hasText: "2,000 instances" }).waitFor();
    await page.getByRole("tab", { name: "Share" }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.locator(".notice.error", { hasText: "too large for a link" }).waitFor();
    const scenario = await saved(page, "Save as file");
    await give(page, JSON.parse(scenario));
    assert.equal(await figure(page, "used"), "0 of 2,000");
  }),
);
