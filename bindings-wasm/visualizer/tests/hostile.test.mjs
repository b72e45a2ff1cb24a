// What comes from elsewhere and means no good, or is only very much: the page says so, or stops when it is told to, and goes on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, give, linkOf, open, setUp } from "./harness.mjs";

const { held, withPage } = setUp({ before, after });
const rules = { strategies: [], isDistinct: false, memberOf: [], seed: "0" };
const amounts = [
  { name: "CPU", type: "INTEGER", integerValue: 1024 },
  { name: "MEMORY", type: "INTEGER", integerValue: 1024 },
];

for (const [what, part] of [
  ["half of a surrogate pair as the query", { query: "attribute:stack == \ud800" }],
  ["half of a surrogate pair as a constraint", { draft: { form: {}, memberOf: ["attribute:stack == \udfff"] } }],
  ["a hundred thousand brackets as the query", { query: "(".repeat(100_000) }],
]) {
  test(`a link with ${what} is shown with what is wrong`, async () => {
    const { page, faults, close } = await open(held.browser, held.server.origin, { hash: linkOf(part) });
    assert.equal(await figure(page, "used"), "7 of 9");
    await page.getByRole("combobox").first().fill("attribute:stack \ud83d");
    await page.locator(".problem.error").first().waitFor();
    assert.deepEqual(faults, []);
    await close();
  });
}

test("a link that is good takes the message about a bad one away", async () => {
  const { page, close } = await open(held.browser, held.server.origin, { hash: "#s=%%%" });
  await page.locator(".notice.error", { hasText: "the link is damaged" }).waitFor();
  await page.evaluate(
    (hash) => {
      location.hash = hash;
    },
    linkOf({ query: "runningTasksCount > 0" }),
  );
  await page.locator(".matches", { hasText: "7 instances selected" }).waitFor();
  assert.equal(await page.locator(".notice").count(), 0);
  await close();
});

test(
  "as many zones as instances are counted",
  { timeout: 120_000 },
  withPage(async (page) => {
    const containerInstances = Array.from({ length: 150_000 }, (_, at) => ({
      containerInstanceArn: `i-${at}`,
      registeredResources: amounts,
      attributes: [{ name: "ecs.availability-zone", value: `z${at}` }],
    }));
    await give(page, { containerInstances });
    await page.locator('[data-figure="used"]', { hasText: "0 of 150,000" }).waitFor({ timeout: 90_000 });
    assert.equal(await figure(page, "skew"), "0");
  }),
);

test("a million tasks of a link are placed in slices, and stopped when the reader says so", { timeout: 120_000 }, async () => {
  const source = { kind: "synthetic", zones: 3, types: ["m7i.8xlarge"], count: 20_000, seed: 1 };
  const log = [{ kind: "place", ...rules, definition: "web:1", count: 1_000_000, group: "" }];
  const { page, faults, close } = await open(held.browser, held.server.origin, {
    hash: linkOf({ source, log }),
    isAwaited: false,
  });
  await page.locator(".notices progress").waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.locator(".notice", { hasText: "stopped, and nothing of it was done" }).waitFor();
  assert.equal(await figure(page, "used"), "7 of 9");
  await page.getByRole("button", { name: "10", exact: true }).click();
  assert.equal(await figure(page, "tasks"), "22");
  assert.deepEqual(faults, []);
  await close();
});

test("steps that are none are refused", async () => {
  const beyond = { kind: "arrivals", ...rules, from: 8000, count: 1_000_000_000 };
  const much = { kind: "place", ...rules, definition: "web:7", count: 10_000_000, group: "" };
  for (const [part, told] of [
    [{ source: { kind: "openb" }, log: [beyond] }, "there are 8152"],
    [{ log: [much] }, "`log`"],
    [{ look: { groupBy: { toString: 1 } } }, "look.groupBy"],
  ]) {
    const { page, close } = await open(held.browser, held.server.origin, { hash: linkOf(part) });
    await page.locator(".notice.error", { hasText: told }).waitFor();
    assert.equal(await figure(page, "used"), "7 of 9");
    await close();
  }
});

test(
  "a task definition is read as it was written: no key twice, no integer rounded",
  withPage(async (page) => {
    await page.getByLabel("Definition").selectOption("json");
    const definition = page.getByLabel("Task definition");
    const containers = (memory) => `"containerDefinitions": [{"name": "j", "cpu": 1, "memory": ${memory}}]`;
    for (const [text, told] of [
      [`{"family": "j", "family": "k", ${containers(8)}}`, "`family` appears twice"],
      ['{"family": "j",', "in the middle of a value in line 1"],
    ]) {
      await definition.fill(text);
      await page.getByRole("button", { name: "Place 1" }).click();
      await page.locator(".notice.error", { hasText: told }).waitFor();
    }
    await definition.fill(`{"family": "j", ${containers("9007199254740993")}}`);
    await page.getByRole("button", { name: "Place 1" }).click();
    await page.locator(".nearest", { hasText: /9,007,199,254,7\d\d,993/ }).waitFor();
  }),
);
