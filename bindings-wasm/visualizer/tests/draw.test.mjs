// Drawing: what is drawn after steps, moves and zooms is what is drawn anew; and it shows what it should.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });

/** The picture, once nothing is left to be drawn. */
const picture = (page) =>
  page.evaluate(async () => {
    const canvas = document.querySelector("canvas");
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    for (let last = ""; ; ) {
      for (let wait = 0; wait < 12; wait += 1) await frame();
      const now = canvas.toDataURL();
      if (now === last) return now;
      last = now;
    }
  });

/** Has everything drawn anew. */
async function afresh(page) {
  await page.getByRole("button", { name: "Dark theme" }).click();
  await page.getByRole("button", { name: "Light theme" }).click();
  await page.mouse.move(0, 0);
}

test(
  "each step changes the picture as drawing all of it would",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByLabel("Instances", { exact: true }).fill("700");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator(".matches", { hasText: "700 instances" }).waitFor();
    await page.getByRole("tab", { name: "Place" }).click();
    const seen = new Set();
    for (const [definition, button] of [
      ["web:1", "100"],
      ["api:1", "1,000"],
      ["worker:1", "Place 1"],
      ["worker:1", "↶ Undo"],
      ["cache:1", "10"],
      ["cache:1", "↶ Undo"],
      ["cache:1", "↶ Undo"],
      ["cache:1", "↷ Redo"],
    ]) {
      await page.getByLabel("Definition").selectOption({ label: definition });
      await page.getByRole("button", { name: button, exact: true }).click();
      await page.mouse.move(0, 0);
      const drawn = await picture(page);
      await afresh(page);
      assert.equal(drawn, await picture(page), `after ${button} of ${definition}`);
      seen.add(drawn);
    }
    // Three steps and the ten of the cache; what is undone or done again has been seen before.
    assert.equal(seen.size, 4);
  }),
);

test(
  "moving away and back shows the same, and so does zooming",
  withPage(async (page) => {
    await page.getByRole("button", { name: "10", exact: true }).click();
    await page.getByRole("application").focus();
    const start = await picture(page);
    for (const key of ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"]) await page.keyboard.press(`Shift+${key}`);
    assert.equal(await picture(page), start);
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    assert.notEqual(await picture(page), start);
    await page.keyboard.press("0");
    assert.equal(await picture(page), start);
    await page.getByRole("application").hover();
    await page.mouse.wheel(0, -300);
    assert.notEqual(await picture(page), start);
  }),
);

test(
  "a selection, a grouping and the scale show",
  withPage(async (page) => {
    const plain = await picture(page);
    await page
      .getByRole("combobox", { name: "Select instances" })
      .fill("attribute:ecs.os-type == linux and runningTasksCount > 1");
    await page.mouse.move(0, 0);
    const selected = await picture(page);
    assert.notEqual(selected, plain);
    await page.getByRole("button", { name: "clear" }).click();
    await page.mouse.move(0, 0);
    assert.equal(await picture(page), plain);
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByLabel("Bars to scale").check();
    assert.notEqual(await picture(page), plain);
    await page.getByLabel("Bars to scale").uncheck();
    await page.getByLabel("Group by").selectOption("ecs.instance-type");
    assert.notEqual(await picture(page), plain);
    await page.getByLabel("Group by").selectOption("ecs.availability-zone");
    assert.equal(await picture(page), plain);
  }),
);

test(
  "an instance that is full is coloured to the top, one that is empty not at all",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByText("Paste JSON").click();
    const record = (name, value) => ({ name, type: "INTEGER", integerValue: value });
    const instance = (id) => ({ containerInstanceArn: id, registeredResources: [record("CPU", 1024), record("MEMORY", 1024)] });
    const definition = { family: "full", containerDefinitions: [{ name: "full", cpu: 1024, memory: 1024 }] };
    const text = JSON.stringify({ containerInstances: [instance("a"), instance("b")], taskDefinitions: [definition] });
    await page.getByLabel("ECS JSON").fill(text);
    await page.getByRole("button", { name: "Open what was pasted" }).click();
    await page.locator(".matches", { hasText: "2 instances" }).waitFor();
    await page.getByRole("tab", { name: "Place" }).click();
    await page.getByRole("button", { name: "Place 1", exact: true }).click();
    assert.equal(await figure(page, "cpu"), "50 %");
    await page.mouse.move(0, 0);
    await picture(page);
    const blue = await page.evaluate(() => {
      const canvas = document.querySelector("canvas");
      const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const halves = [0, 0];
      let [top, bottom] = [height, 0];
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] !== 0x2f || data[at + 1] !== 0x6f || data[at + 2] !== 0xde) continue;
        const [x, y] = [(at / 4) % width, Math.floor(at / 4 / width)];
        halves[x < width / 2 ? 0 : 1] += 1;
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
      return { halves, high: bottom - top };
    });
    assert.ok(blue.halves[0] > 1000, JSON.stringify(blue));
    assert.equal(blue.halves[1], 0, JSON.stringify(blue));
    assert.ok(blue.high > 80, JSON.stringify(blue));
  }),
);
