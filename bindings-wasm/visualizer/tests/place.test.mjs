// Place: tasks, rules in order, back and forth; and why.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, refuseNumbers, setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const rules = async (page) =>
  (await page.locator(".chain .rule").allTextContents()).map((text) => text.replace(/^\s*\d+\s*/, ""));

test(
  "placing, undoing and redoing come back to the same figures",
  withPage(async (page) => {
    const keys = ["used", "tasks", "cpu", "memory", "stranded", "skew"];
    const figures = async () => Promise.all(keys.map((key) => figure(page, key)));
    const at = [await figures()];
    for (const name of ["Place 1", "10", "100"]) {
      await button(page, name).click();
      at.push(await figures());
    }
    assert.equal(new Set(at.map((each) => each.join())).size, 4, "each step shows");
    for (let step = 2; step >= 0; step -= 1) {
      await page.getByRole("button", { name: "Undo" }).click();
      assert.deepEqual(await figures(), at[step]);
    }
    assert.ok(await page.getByRole("button", { name: "Undo" }).isDisabled());
    for (let step = 1; step <= 3; step += 1) {
      await page.getByRole("button", { name: "Redo" }).click();
      assert.deepEqual(await figures(), at[step]);
    }
    assert.ok(await page.getByRole("button", { name: "Redo" }).isDisabled());
  }),
);

test(
  "it plays task by task until it is stopped, or nothing has room",
  withPage(async (page) => {
    await page.getByRole("button", { name: "Play" }).click();
    await page.locator(".steps li").nth(2).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    const tasks = Number(await figure(page, "tasks"));
    assert.ok(tasks >= 15, `${tasks} tasks`);
    await button(page, "1,000").click();
    await page.getByRole("button", { name: "Play" }).click();
    await page.getByRole("button", { name: "Play" }).waitFor();
  }),
);

test(
  "it goes on playing while another panel is open",
  withPage(async (page) => {
    await page.getByRole("button", { name: "Play" }).click();
    await page.getByRole("tab", { name: "Share" }).click();
    const tasks = Number(await figure(page, "tasks"));
    await page.waitForFunction(
      (before) => Number(document.querySelector('[data-figure="tasks"]').textContent) > before + 2,
      tasks,
    );
    await page.getByRole("tab", { name: "Place" }).click();
    await page.getByRole("button", { name: "Pause" }).click();
  }),
);

test(
  "what a form has brought stays when the steps before it are undone",
  withPage(async (page) => {
    await button(page, "10").click();
    await page.getByLabel("Definition").selectOption("form");
    await button(page, "10").click();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Redo" }).click();
    await page.getByRole("button", { name: "Redo" }).click();
    assert.equal(await figure(page, "tasks"), "32");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await button(page, "100").click();
    await page.getByText("100 × app:1").first().waitFor();
  }),
);

test(
  "what is asked for while something is done is done after it, in that order",
  withPage(async (page) => {
    await page.evaluate(() => {
      const named = (name) => [...document.querySelectorAll("button")].find((each) => each.textContent.includes(name));
      for (const name of ["Place 1", "Place 1", "Undo", "Place 1", "Undo", "Redo"]) {
        if (name.startsWith("Place")) named(name).click();
        else {
          const key = name === "Undo" ? "z" : "y";
          dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey: true, bubbles: true }));
        }
      }
    });
    await page.locator('[data-figure="tasks"]', { hasText: "14" }).waitFor();
    assert.equal(await page.locator(".steps li").count(), 2);
  }),
);

test(
  "each step has its funnel, its winner and what decided",
  withPage(async (page) => {
    await button(page, "10").click();
    const funnel = await page.locator(".funnel tr").allTextContents();
    assert.deepEqual(funnel, ["registered9", "considered8", "meet requirements7", "meet constraints7", "chosen1"]);
    const winner = page.locator(".winner");
    const first = await winner.textContent();
    assert.match(first, /decided by binpack memory/);
    // Another task of the same step, by keyboard: the explanation is of that moment.
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText("Task 2 of 10").waitFor();
    assert.notEqual(await winner.textContent(), first);
    assert.equal(await figure(page, "tasks"), "22", "looking back changes nothing");
  }),
);

test(
  "a failure says why not, by reason, and what came nearest",
  withPage(async (page) => {
    await button(page, "1,000").click();
    await page
      .getByText(/263 placed, 737 not/)
      .first()
      .waitFor();
    const table = page.locator(".whynot table");
    const rows = await table.locator("tbody tr").allTextContents();
    assert.equal(rows.length, 3, rows.join());
    assert.ok(rows.some((row) => row.includes("RESOURCE:CPU") && row.includes("6")));
    await page.locator(".nearest", { hasText: "269 MiB of memory short" }).waitFor();
    await page.getByRole("button", { name: "Show the instances with RESOURCE:CPU" }).click();
    await page.locator(".matches", { hasText: "6 instances with RESOURCE:CPU" }).waitFor();
    await page.locator(".nearest button").click();
    await page.locator(".pinned").waitFor();
  }),
);

test(
  "rules are put in order by keyboard, by button and by dragging",
  withPage(async (page) => {
    const [spread, binpack] = ["spread over availability-zone", "binpack memory"];
    assert.deepEqual(await rules(page), [spread, binpack]);
    await page.locator(".chain .grip").first().focus();
    await page.keyboard.press("ArrowDown");
    assert.deepEqual(await rules(page), [binpack, spread]);
    await page.keyboard.press("ArrowUp");
    assert.deepEqual(await rules(page), [spread, binpack]);
    await page.getByRole("button", { name: `Move ${spread} down` }).click();
    assert.deepEqual(await rules(page), [binpack, spread]);
    const [from, to] = [
      await page.locator(".chain .grip").nth(1).boundingBox(),
      await page.locator(".chain .grip").nth(0).boundingBox(),
    ];
    await page.mouse.move(from.x + 8, from.y + 8);
    await page.mouse.down();
    await page.mouse.move(to.x + 8, to.y + 4, { steps: 5 });
    await page.mouse.up();
    assert.deepEqual(await rules(page), [spread, binpack]);
    await page.getByLabel("Add a rule to Strategies").selectOption({ label: "random" });
    assert.deepEqual(await rules(page), [spread, binpack, "random"]);
    await page.locator(".chain .grip").nth(2).focus();
    await page.keyboard.press("Delete");
    assert.deepEqual(await rules(page), [spread, binpack]);
    await page.getByLabel("Preset for Strategies").selectOption({ label: "Binpack CPU" });
    assert.deepEqual(await rules(page), ["binpack CPU"]);
  }),
);

test(
  "constraints hold, and a wrong one is shown where it is written and refused",
  withPage(async (page) => {
    await page.getByLabel("distinctInstance").check();
    await page.getByRole("button", { name: "Add memberOf" }).click();
    await page.getByRole("combobox", { name: "memberOf 1" }).fill("attribute:ecs.instance-type =~ m6i.*");
    await button(page, "10").click();
    await page.getByText("2 placed, 8 not").first().waitFor();
    await page.getByRole("combobox", { name: "memberOf 1" }).fill("attribute:ecs.instance-type =~");
    await page.locator(".member .problem.error").waitFor();
    await button(page, "10").click();
    await page.locator(".notice.error").waitFor();
    assert.equal(await figure(page, "tasks"), "14");
  }),
);

test(
  "a task is made by the form or from JSON, and refused with a reason where it is none",
  withPage(async (page) => {
    await page.getByLabel("Definition").selectOption("form");
    await page.getByLabel("CPU units").fill("1024");
    await page.getByLabel("Memory, MiB").fill("4096");
    await page.getByLabel("Static host ports").fill("8080");
    await button(page, "10").click();
    // Seven of the nine instances take tasks, each one with that port.
    await page.getByText("7 placed, 3 not").first().waitFor();
    await page.locator(".whynot", { hasText: "RESOURCE:PORTS" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByLabel("Static host ports").fill("99999");
    await button(page, "10").click();
    await page.getByText("`99999` is no host port").waitFor();
    await page.getByLabel("Definition").selectOption("json");
    await page.getByLabel("Task definition").fill('{"family": "j", "containerDefinitions": [{"name": "j", "cpu": 1}]}');
    await button(page, "10").click();
    await page.locator(".notice.error", { hasText: /memory/ }).waitFor();
    await page
      .getByLabel("Task definition")
      .fill('{"family": "j", "containerDefinitions": [{"name": "j", "cpu": 1, "memory": 8}]}');
    await button(page, "10").click();
    await page.getByText("10 × j:1").first().waitFor();
    assert.equal(await figure(page, "tasks"), "22");
  }),
);

test(
  "a number that a field does not take stays as it was written, is marked, and nothing is placed with it",
  withPage(async (page) => {
    const refuse = (field, values, told, kept) =>
      refuseNumbers(page, field, { values, told, kept, act: () => button(page, "10").click() });
    const seeds = ["1.5", "-1", "abc", "0x10", "", "18446744073709551616"];
    const seed = page.getByLabel("Seed of draws");
    await refuse(seed, seeds, "Seed of draws takes a whole number in digits, 0 to 18,446,744,073,709,551,615", "7");
    await page.getByLabel("Definition").selectOption("form");
    for (const name of ["CPU units", "Memory, MiB", "GPUs"]) {
      const told = `${name} takes a whole number in digits, 0 to 2,147,483,647`;
      await refuse(page.getByLabel(name), ["-5", "1.5", "", "1e3", "2147483648"], told, name === "GPUs" ? "0" : "64");
    }
    assert.equal(await figure(page, "tasks"), "12");
    await seed.fill("18446744073709551615");
    await button(page, "10").click();
    await page.getByText("10 × app:1").first().waitFor();
    assert.equal(await figure(page, "tasks"), "22");
  }),
);

test(
  "a condition that is empty is said to be left out",
  withPage(async (page) => {
    await page.getByRole("button", { name: "Add memberOf" }).click();
    const field = page.getByRole("combobox", { name: "memberOf 1" });
    const hint = page.locator(`[id="${await field.getAttribute("aria-describedby")}"]`);
    assert.equal(await hint.textContent(), "Empty: it is left out.");
    await field.fill("attribute:ecs.instance-type =~ m6i.*");
    await hint.waitFor({ state: "detached" });
  }),
);

test(
  "instances are walked by keyboard, drained, and their tasks stopped; all of it can be undone",
  withPage(async (page) => {
    await page.getByRole("application").focus();
    await page.keyboard.press("ArrowRight");
    await page.locator(".pinned").waitFor();
    const first = await page.locator(".pinned .id").textContent();
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await page.locator(".pinned .id").textContent(), first);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.locator(".pinned .id").textContent(), first);
    await page.getByRole("button", { name: "Stop its newest task" }).click();
    assert.equal(await figure(page, "tasks"), "11");
    await page.getByRole("button", { name: "Drain" }).click();
    await page.locator(".pinned", { hasText: "DRAINING" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.locator(".pinned", { hasText: "ACTIVE" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await figure(page, "tasks"), "12");
    await page.getByRole("application").focus();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".pinned").count(), 0);
  }),
);

test(
  "hovering says what an instance is",
  withPage(async (page) => {
    const box = await page.getByRole("application").boundingBox();
    for (let y = 0.1; y < 1 && (await page.locator(".tip").count()) === 0; y += 0.04) {
      await page.mouse.move(box.x + box.width / 2, box.y + box.height * y);
    }
    await page.locator(".tip", { hasText: "left" }).waitFor();
  }),
);
