// Pack, fleet and rearrange: the figures of the native tool for the same document, what is shown of them, and what becomes of it.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BASE, figure, giveTexts, here, linkOf, native, open, refuseNumbers, saved, serve, setUp } from "./harness.mjs";

const { held, withPage } = setUp({ before, after });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const told = (page, key) => page.locator(`[data-plan="${key}"]`).textContent();
const panel = (page, name) => page.getByRole("tab", { name, exact: true }).click();
const write = (value, digits) => value.toLocaleString("en", { maximumFractionDigits: digits });

/** The native answer to what the page saves, but for the time it took. */
async function answered(command, text) {
  const folder = await mkdtemp(join(tmpdir(), "placewright-"));
  try {
    const file = join(folder, "problem.json");
    await writeFile(file, text);
    return JSON.parse(native(command, file));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Makes a plan and waits for it. */
async function plan(page, name) {
  await button(page, name).click();
  await page.locator(".planned").waitFor({ timeout: 120_000 });
}

/** Rows of a table by its caption. */
const rows = async (page, caption) => {
  const table = page.locator(".planned table", { has: page.locator("caption", { hasText: caption }) });
  return table
    .locator("tbody tr")
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim().replace(/\s+/g, " "))));
};

/** A synthetic cluster with tasks of several kinds on it. */
async function fill(page) {
  await panel(page, "Cluster");
  await page.getByLabel("Instances", { exact: true }).fill("60");
  await button(page, "Generate").click();
  await page.locator(".matches", { hasText: "60 instances" }).waitFor();
  await panel(page, "Place");
  await page.getByLabel("Preset for Strategies").selectOption({ label: "AZ balanced spread" });
  for (const definition of ["web:1", "api:1", "cache:1"]) {
    await page.getByLabel("Definition").selectOption({ label: definition });
    await button(page, "100").click();
  }
  await page.locator('[data-figure="tasks"]', { hasText: "300" }).waitFor();
}

/** Compares what is shown with a native answer. */
async function compare(page, answer, digits, cells) {
  assert.equal(await told(page, "value"), write(answer.value, digits));
  assert.equal(await told(page, "bound"), write(answer.lowerBound, digits));
  assert.equal(await told(page, "gap"), answer.optimal ? "0 %, proven" : `${(answer.gap * 100).toFixed(2)} %`);
  assert.equal(await told(page, "solver"), answer.solver);
  assert.equal(
    await told(page, "instances"),
    write(
      answer.bins.reduce((sum, { count }) => sum + count, 0),
      0,
    ),
  );
  assert.deepEqual(await rows(page, "Instances, those filled alike"), answer.bins.map(cells));
  assert.equal(await page.locator(".planned .bad").count(), 0);
}

test(
  "the tasks of the cluster are packed as the native tool packs them, and the plan is opened, shared and replayed",
  { timeout: 300_000 },
  withPage(async (page) => {
    await fill(page);
    await panel(page, "Pack");
    const text = await saved(page, "Save problem");
    await plan(page, "Pack");
    const answer = await answered("pack", text);
    const { items } = JSON.parse(text);
    const content = (bin) => bin.items.map(([item, number]) => `${number} × ${items[item].id}`).join(", ");
    await compare(page, answer, 2, (bin) => [bin.type, String(bin.count), content(bin)]);
    assert.ok(answer.value < 60, "fewer than there were");
    await button(page, "Open as a scenario").click();
    await page.locator('[data-figure="used"]', { hasText: `${answer.value} of ${answer.value}` }).waitFor();
    assert.equal(await figure(page, "tasks"), "300");
    await panel(page, "Place");
    await button(page, "10").click();
    await panel(page, "Share");
    await button(page, "Copy link").click();
    const { hash } = new URL(await page.getByLabel("Link", { exact: true }).inputValue());
    const other = await open(held.browser, held.server.origin, { hash });
    await other.page.getByText("Replayed 1 step: the same state").waitFor();
    assert.equal(await figure(other.page, "tasks"), await figure(page, "tasks"));
    assert.deepEqual(other.faults, []);
    await other.close();
  }),
);

test(
  "a fleet costs what the native tool says, over zones, with headroom and a daemon",
  { timeout: 300_000 },
  withPage(async (page) => {
    await fill(page);
    await panel(page, "Fleet");
    await page.getByLabel("Headroom, %").fill("5");
    await page.getByLabel("Zones, at least").fill("2");
    await page.getByLabel("Daemon, CPU units").fill("64");
    await page.getByLabel("Daemon, MiB").fill("128");
    const text = await saved(page, "Save problem");
    await plan(page, "Find the fleet");
    const answer = await answered("fleet", text);
    const { items } = JSON.parse(text);
    const content = (bin) => bin.items.map(([item, number]) => `${number} × ${items[item].id}`).join(", ");
    await compare(page, answer, 4, (bin) => [`${bin.offer} ${bin.zone}`, String(bin.count), write(bin.cost, 4), content(bin)]);
    const alternatives = await rows(page, "What else it would cost");
    assert.deepEqual(
      alternatives.map(([, cost]) => cost),
      answer.alternatives.map(({ cost }) => write(cost, 4)),
    );
    assert.ok(answer.zones.length >= 2);
    await button(page, "Open as a scenario").click();
    const count = answer.bins.reduce((sum, bin) => sum + bin.count, 0);
    await page.locator('[data-figure="used"]', { hasText: `${count} of ${count}` }).waitFor();
    assert.equal(await figure(page, "tasks"), "300");
  }),
);

test(
  "a number that a plan cannot be asked for with stays as it was written, is marked, and plans nothing",
  withPage(async (page) => {
    for (const [tab, name, most, act, values] of [
      ["Fleet", "Headroom, %", "90", "Find the fleet", ["5.5", "91", "-1", ""]],
      ["Fleet", "Zones, at least", "6", "Save problem", ["7", "1e0"]],
      ["Fleet", "Daemon, CPU units", "1,000,000", "Find the fleet", ["1000001", "0.5"]],
      ["Fleet", "Daemon, MiB", "10,000,000", "Find the fleet", ["10000001", ""]],
      ["Rearrange", "Moves, at most", "10,000", "Plan the moves", ["10001", "2.5", ""]],
      ["Rearrange", "Of one group, at most", "10,000", "Plan the moves", ["10001", "-1"]],
    ]) {
      await panel(page, tab);
      const told = `${name} takes a whole number in digits, 0 to ${most}`;
      await refuseNumbers(page, page.getByLabel(name), { values, told, kept: "3", act: () => button(page, act).click() });
    }
    assert.equal(await page.locator(".planned").count(), 0);
    // A link has it as it was written, too.
    await page.getByLabel("Moves, at most").fill("1.5");
    await panel(page, "Share");
    const text = await saved(page, "Save as file");
    assert.equal(JSON.parse(text).plan.moves, "1.5");
    await giveTexts(page, text.replace('"daemonCpu":3', '"daemonCpu":4').replace('"daemonCpu": 3', '"daemonCpu": 4'));
    await panel(page, "Fleet");
    await page.waitForFunction(() => document.querySelector("input[max='1000000']")?.value === "4");
    await panel(page, "Rearrange");
    assert.equal(await page.getByLabel("Moves, at most").inputValue(), "1.5");
    await page.locator(".wrong", { hasText: "Moves, at most takes" }).waitFor();
  }),
);

test(
  "moves are those of the native tool; each is a step that is undone and done again",
  { timeout: 300_000 },
  withPage(async (page) => {
    await fill(page);
    await panel(page, "Share");
    const state = await saved(page, "Save state");
    await panel(page, "Rearrange");
    await page.getByLabel("Moves, at most").fill("12");
    await plan(page, "Plan the moves");
    const folder = await mkdtemp(join(tmpdir(), "placewright-"));
    await writeFile(join(folder, "state.json"), state);
    const words = ["--cluster", join(folder, "state.json"), "--moves", "12", "--moves-per-group", "20", "--steps", "4194304"];
    const answer = JSON.parse(native("rearrange", ...words));
    await rm(folder, { recursive: true });
    assert.ok(answer.emptied.length > 0, "some instance comes free");
    assert.equal(await told(page, "moves"), String(answer.moves.length));
    assert.equal(await told(page, "value"), `${answer.before.instances} → ${answer.after.instances}`);
    const [bound, gap] = [Number(await told(page, "bound")), await told(page, "gap")];
    assert.ok(bound > 0 && bound <= answer.after.instances, `${bound}`);
    assert.equal(gap, `${(((answer.after.instances - bound) / answer.after.instances) * 100).toFixed(1)} %`);
    assert.deepEqual(
      await rows(page, "Moves, in order"),
      answer.moves.map(({ task, group, from, to }) => [`${group} ${task.slice(task.lastIndexOf("/") + 1)}`, from, to]),
    );
    /** Colours by group. */
    const colours = () =>
      page
        .locator(".legend")
        .first()
        .evaluate((legend) =>
          Object.fromEntries(
            [...legend.querySelectorAll("li:has(.dot:not(.away))")].map((item) => [
              item.textContent.trim().split(" ")[0],
              item.querySelector(".dot").style.background,
            ]),
          ),
        );
    const painted = await colours();
    assert.equal(new Set(Object.values(painted)).size, 3);
    const used = (count) => page.locator('[data-figure="used"]', { hasText: `${count} of 60` }).waitFor();
    await button(page, "Make the next").click();
    await page.locator(".steps li").nth(3).waitFor();
    await page.getByRole("button", { name: /^Make the other/ }).click();
    await used(answer.after.instances);
    assert.equal(await page.locator(".planned").count(), 0);
    assert.deepEqual(await colours(), painted, "a group has one colour");
    assert.equal(await page.locator(".steps li").count(), 3 + answer.moves.length);
    const key = (name) => page.evaluate((k) => dispatchEvent(new KeyboardEvent("keydown", { key: k, ctrlKey: true })), name);
    for (const _ of answer.moves) await key("z");
    await used(answer.before.instances);
    await panel(page, "Share");
    assert.equal(await saved(page, "Save state"), state, "the state before, byte for byte");
    for (const _ of answer.moves) await key("y");
    await used(answer.after.instances);
    await button(page, "Copy link").click();
    const { hash } = new URL(await page.getByLabel("Link", { exact: true }).inputValue());
    const other = await open(held.browser, held.server.origin, { hash });
    await other.page.getByText(`Replayed ${3 + answer.moves.length} steps: the same state`).waitFor();
    await other.close();
  }),
);

test(
  "groups are moved to lie evenly over zones",
  withPage(async (page) => {
    await page.getByLabel("Preset for Strategies").selectOption({ label: "Binpack memory" });
    await button(page, "10").click();
    await panel(page, "Rearrange");
    await page.getByLabel("What for").selectOption("spread");
    await plan(page, "Plan the moves");
    const [from, to] = (await told(page, "value")).split(" → ").map(Number);
    assert.ok(to < from, `${from} → ${to}`);
    assert.equal(await told(page, "bound"), "0");
  }),
);

test(
  "a list and types that were given are packed; what no type holds is told",
  withPage(async (page) => {
    await panel(page, "Pack");
    await page.getByLabel("What is packed").selectOption("list");
    const list = page.getByLabel("Items in JSON");
    await list.fill(
      '[{"id": "a", "demand": [600, 10], "count": 3}, {"id": "b", "demand": [400, 10], "count": 3}, {"demand": [1001, 1]}]',
    );
    await page.getByRole("combobox", { name: "Types" }).selectOption("given");
    await page.getByLabel("Types: id").fill("id,cpu,memory\none,1000,64");
    await plan(page, "Pack");
    assert.equal(await told(page, "value"), "3");
    assert.deepEqual(await rows(page, "Instances"), [["one", "3", "1 × a, 1 × b"]]);
    await page.locator(".planned .bad", { hasText: "1 × item 2 not packed" }).waitFor();
  }),
);

test(
  "what is no problem is refused in words",
  withPage(async (page) => {
    await panel(page, "Pack");
    await page.getByLabel("What is packed").selectOption("list");
    await page.getByRole("combobox", { name: "Types" }).selectOption("given");
    const [list, types] = [page.getByLabel("Items in JSON"), page.getByLabel("Types: id")];
    const good = '[{"demand": [1, 1]}]';
    for (const [items, bins, words] of [
      ["[", "id,cpu,memory\na,1,1", "the items are no JSON"],
      ["null", "id,cpu,memory\na,1,1", "the items are a JSON array"],
      ["[]", "id,cpu,memory\na,1,1", "the list is empty"],
      ['[{"demand": [1]}]', "id,cpu,memory\na,1,1", "items[0]"],
      ['[{"demand": [1.5, 1]}]', "id,cpu,memory\na,1,1", "items[0]"],
      ['[{"demand": [-1, 1]}]', "id,cpu,memory\na,1,1", "items[0].demand"],
      ['[{"demand": [1, 1], "wat": 1}]', "id,cpu,memory\na,1,1", "wat"],
      ['[{"id": "\\ud800", "demand": [1, 1]}]', "id,cpu,memory\na,1,1", "items[0].id"],
      [good, "", "no column `id`"],
      [good, "id,cpu,memory\na,x,1", "line 2"],
      [good, '[{"id": "a", "capacity": [1, 1], "cost": 0.1234567}]', "bins[0].cost"],
    ]) {
      await list.fill(items);
      await types.fill(bins);
      await button(page, "Pack").click();
      await page.locator(".notice.error", { hasText: words }).waitFor();
      assert.equal(await page.locator(".planned").count(), 0);
    }
    await list.fill(good);
    await types.fill("id,cpu,memory\na,1,1");
    await plan(page, "Pack");
    assert.equal(await page.locator(".notice.error").count(), 0);
  }),
);

test(
  "a plan is asked for, looked at and closed by keyboard alone",
  withPage(async (page) => {
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    await page.getByRole("tab", { name: "Place" }).focus();
    for (const name of ["Compare", "Pack"]) {
      await page.keyboard.press("ArrowRight");
      assert.equal(await focused(), name);
    }
    for (let press = 0; (await focused()) !== "Pack" || press === 0; press += 1) {
      assert.ok(press < 20, "the button is reached");
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.locator(".planned").waitFor({ timeout: 60_000 });
    assert.equal(await focused(), "Packing");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "Open as a scenario");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".planned").waitFor({ state: "detached" });
    assert.equal(await focused(), "Pack", "back at the tab");
  }),
);

test(
  "what is too much to be drawn has its figures all the same, and names that are alike are told apart",
  withPage(async (page) => {
    await panel(page, "Pack");
    await page.getByLabel("What is packed").selectOption("list");
    await page.getByRole("combobox", { name: "Types" }).selectOption("given");
    const [list, types] = [page.getByLabel("Items in JSON"), page.getByLabel("Types: id")];
    await types.fill("id,cpu,memory\na b,1000,1000\na-b,10,1000");
    await list.fill('[{"id": "x", "demand": [10, 1], "count": 1000000}]');
    await plan(page, "Pack");
    assert.equal(await told(page, "value"), "10,000");
    assert.equal(await page.getByRole("button", { name: "Open as a scenario" }).count(), 0);
    await list.fill('[{"id": "x", "demand": [900, 4]}, {"id": "x", "demand": [10, 1000], "count": 1}, {"demand": [1, 1000]}]');
    await plan(page, "Pack");
    assert.equal(await told(page, "value"), "3");
    assert.equal(await page.locator(".planned .bad").count(), 0);
    await button(page, "Open as a scenario").click();
    await page.locator('[data-figure="used"]', { hasText: "3 of 3" }).waitFor();
  }),
);

/** A search that does not end soon: many kinds in two dimensions. */
const LONG = {
  plan: {
    from: "list",
    list: JSON.stringify(
      Array.from({ length: 400 }, (_, at) => ({
        id: `k${at}`,
        demand: [150 + ((at * 137) % 401), 130 + ((at * 211) % 397)],
        count: 3,
      })),
    ),
    into: "given",
    given: "id,cpu,memory,cost\nsmall,1000,1000,1\nlarge,2100,1900,1.9",
    steps: 268_435_456,
  },
};

test("a search goes on beside the page, shows value and bound, and is cancelled; the next one has a worker again", {
  timeout: 120_000,
}, async () => {
  const { page, faults, close } = await open(held.browser, held.server.origin, { hash: linkOf(LONG) });
  await panel(page, "Pack");
  await button(page, "Pack").click();
  const chart = page.locator(".going .chart svg");
  await chart.waitFor({ timeout: 60_000 });
  assert.match(await chart.getAttribute("aria-label"), /Value and bound by time: value ends at [\d.,]+, bound ends at [\d.,]+/);
  await panel(page, "Place");
  await button(page, "10").click();
  assert.equal(await figure(page, "tasks"), "22", "the page is free meanwhile");
  await page.locator(".notice", { hasText: "Searching" }).waitFor();
  await panel(page, "Pack");
  await button(page, "Cancel").click();
  await page.locator(".going").waitFor({ state: "detached" });
  assert.equal(await page.locator(".planned").count(), 0);
  await page.getByLabel("What is packed").selectOption("tasks");
  await page.getByRole("combobox", { name: "Types" }).selectOption("cluster");
  await plan(page, "Pack");
  assert.deepEqual(faults, []);
  await close();
});

test("one that is asked for while another goes on takes its place", { timeout: 120_000 }, async () => {
  const { page, faults, close } = await open(held.browser, held.server.origin, { hash: linkOf(LONG) });
  await panel(page, "Pack");
  await button(page, "Pack").click();
  await page.locator(".going .chart").waitFor({ timeout: 60_000 });
  await page.getByLabel("What is packed").selectOption("tasks");
  await page.getByRole("combobox", { name: "Types" }).selectOption("cluster");
  await plan(page, "Pack");
  // Longer than a call that was cancelled may go on.
  await page.waitForTimeout(600);
  await panel(page, "Fleet");
  await plan(page, "Find the fleet");
  assert.equal(await page.locator(".notice.error").count(), 0);
  assert.deepEqual(faults, []);
  await close();
});

test("where the page is isolated, a search is stopped and the best so far is shown", { timeout: 120_000 }, async () => {
  const server = await serve(
    { [BASE]: join(here, "dist") },
    { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
  );
  const { page, faults, close } = await open(held.browser, server.origin, { hash: linkOf(LONG) });
  await panel(page, "Pack");
  await button(page, "Pack").click();
  await page.locator(".going .chart").waitFor({ timeout: 60_000 });
  await button(page, "Stop, keep the best").click();
  await page.locator(".planned").waitFor({ timeout: 30_000 });
  const number = async (key) => Number((await told(page, key)).replace(",", ""));
  assert.ok((await number("value")) >= (await number("bound")) && (await number("bound")) > 0);
  assert.equal(await page.locator(".planned .bad").count(), 0, "the engine starts all of it");
  assert.deepEqual(faults, []);
  await close();
  server.close();
});

test(
  "a link shows the plan that was shown, made again to the same figures, and without a network",
  withPage(async (page) => {
    await panel(page, "Fleet");
    await page.context().setOffline(true);
    await plan(page, "Find the fleet");
    const [value, bound] = [await told(page, "value"), await told(page, "bound")];
    await panel(page, "Share");
    await button(page, "Copy link").click();
    const { hash } = new URL(await page.getByLabel("Link", { exact: true }).inputValue());
    const other = await open(held.browser, held.server.origin, { hash, isAwaited: false });
    await other.page.locator(".planned").waitFor({ timeout: 60_000 });
    assert.deepEqual([await told(other.page, "value"), await told(other.page, "bound")], [value, bound]);
    assert.equal(await other.page.getByRole("tab", { name: "Fleet" }).getAttribute("aria-selected"), "true");
    await button(other.page, "Close the plan").click();
    assert.equal(await figure(other.page, "used"), "7 of 9");
    await other.close();
  }),
);

test("a link whose plan is none is refused, key by key", async () => {
  for (const [part, key] of [
    [{ steps: -1 }, "plan.steps"],
    [{ from: "elsewhere" }, "plan.from"],
    [{ chosen: [1] }, "plan.chosen"],
    [{ stopFirst: "yes" }, "plan.stopFirst"],
  ]) {
    const { page, close } = await open(held.browser, held.server.origin, { hash: linkOf({ plan: part }) });
    await page.locator(".notice.error", { hasText: key }).waitFor();
    await close();
  }
});
