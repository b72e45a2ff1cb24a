// Compare: two chains on the same arrivals; the figures are those of placing the same on the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, refuseNumbers, setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });

/** Compares the first chain with another on a hundred arrivals. */
async function compareHundred(page) {
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByLabel("Preset for Chain B").selectOption({ label: "Binpack memory" });
  await page.getByRole("spinbutton", { name: "Number" }).fill("100");
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.getByText("After 100 of 100 arrivals").waitFor();
}

test(
  "each side ends where placing under its chain ends",
  withPage(async (page) => {
    await compareHundred(page);
    assert.equal(await page.locator(".chart").count(), 4);
    const side = (name) =>
      page
        .getByRole("region", { name: `Chain ${name}` })
        .locator("p")
        .textContent();
    const [a, b] = [await side("A"), await side("B")];
    assert.notEqual(a, b);
    await page.getByRole("slider").focus();
    await page.keyboard.press("Home");
    await page.getByText("After 0 of 100 arrivals").waitFor();
    assert.match(await side("A"), /^0 placed/);
    await page.getByRole("button", { name: "Close the comparison" }).click();
    await page.getByRole("tab", { name: "Place" }).click();
    for (const [preset, told] of [
      ["AZ balanced binpack", a],
      ["Binpack memory", b],
    ]) {
      await page.getByLabel("Preset for Strategies").selectOption({ label: preset });
      await page.getByRole("button", { name: "100", exact: true }).click();
      const [used] = (await figure(page, "used")).split(" ");
      assert.ok(told.includes(`${used} instances used`), `${told} | ${used}`);
      assert.ok(told.endsWith(`skew ${await figure(page, "skew")}`), `${told} | ${await figure(page, "skew")}`);
      assert.ok(told.startsWith(`${Number(await figure(page, "tasks")) - 12} placed`), told);
      await page.getByRole("button", { name: "Undo" }).click();
    }
  }),
);

test(
  "a number that is none of 1 to 100,000, or more than a trace has, is marked and not run",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Compare" }).click();
    const field = page.getByRole("spinbutton", { name: "Number" });
    const compare = () => page.getByRole("button", { name: "Compare", exact: true }).click();
    const refuse = async (values, most, kept) => {
      const told = `Number takes a whole number in digits, 1 to ${most}`;
      await refuseNumbers(page, field, { values, told, kept, act: compare });
      assert.equal(await page.locator(".versus").count(), 0);
    };
    await refuse(["1e7", "0", "-3", "1.5", "100001", ""], "100,000", "20");
    await compare();
    await page.getByText("After 20 of 20 arrivals").waitFor();
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByRole("button", { name: /^OpenB trace/ }).click();
    await page.locator(".versus").waitFor({ state: "detached" });
    await page.getByText("1,523 instances").first().waitFor();
    await page.getByRole("tab", { name: "Compare" }).click();
    const size = Number(await field.inputValue());
    await refuse([String(size + 1)], size.toLocaleString("en"), "1");
  }),
);

/** Where what is drawn begins and ends on each of two canvases, in device pixels. */
const boxes = (page) =>
  page.locator(".side canvas").evaluateAll(async (all) => {
    // What was asked for is drawn in the frame after.
    for (let frame = 0; frame < 8; frame += 1) await new Promise((done) => requestAnimationFrame(done));
    return all.map((canvas) => {
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const words = new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer);
      let [left, right, top, bottom] = [width, 0, height, 0];
      words.forEach((word, at) => {
        if (word === words[0]) return;
        const [x, y] = [at % width, Math.floor(at / width)];
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      });
      return { width, height, left: left - width / 2, right: right - width / 2, top, bottom };
    });
  });

test(
  "both pictures are of one scale, however long the names of the chains are and whichever is moved",
  withPage(async (page) => {
    await compareHundred(page);
    const heads = await page.locator(".side h2").evaluateAll((all) => all.map((head) => head.textContent.length));
    assert.notEqual(heads[0], heads[1]);
    const alike = async (what) => {
      const [a, b] = await boxes(page);
      for (const key of ["left", "right", "top", "bottom", "height"]) {
        assert.ok(Math.abs(a[key] - b[key]) <= 1, `${what}: ${key} ${a[key]} and ${b[key]}`);
      }
      return a.right - a.left;
    };
    const wide = await alike("at first");
    assert.ok(wide > 100, `${wide}`);
    // A zone is seen whole while the view is no larger than that.
    const [a, b] = await page.getByRole("button", { name: "Zoom out" }).all();
    await b.click();
    const narrow = await alike("the second made smaller");
    assert.ok(narrow < wide * 0.9, `${narrow} of ${wide}`);
    await page.locator(".side canvas").first().focus();
    await page.keyboard.press("Shift+ArrowRight");
    const [moved] = await boxes(page);
    await alike("the first moved");
    assert.ok(Math.abs(moved.left + narrow / 2) > 20, `${moved.left}`);
    await page.keyboard.press("0");
    assert.ok(Math.abs((await alike("the first shown whole")) - wide) <= 1);
    await a.click();
    await page.setViewportSize({ width: 1130, height: 820 });
    await alike("in a small window");
    const slider = await page.getByRole("slider").boundingBox();
    const [, lower] = await page.locator(".side canvas").all();
    const { y, height } = await lower.boundingBox();
    assert.ok(slider.y >= y + height, "the slider is below the pictures");
    await page.setViewportSize({ width: 390, height: 844 });
    await alike("on a phone");
  }),
);

test(
  "mixed arrivals are the same for both, and another cluster ends the comparison",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Compare" }).click();
    await page.getByLabel("Arrivals").selectOption("mixed");
    await page.getByRole("spinbutton", { name: "Number" }).fill("60");
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.getByText("After 60 of 60 arrivals").waitFor();
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByRole("button", { name: /^Sample/ }).click();
    await page.locator(".versus").waitFor({ state: "detached" });
  }),
);
