// Pictures to be looked at, in `artifacts/`. With PLACEWRIGHT_PICTURE set, the one of the README is made anew, too.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { here, setUp } from "./harness.mjs";

const { held, withPage } = setUp({ before, after });
const FOLDER = join(here, "artifacts");
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 };

/** Waits until the picture is whole: two frames after the last change. */
const settle = (page) =>
  page.evaluate(() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 150)));

async function take(page, name, options = {}) {
  await settle(page);
  await mkdir(FOLDER, { recursive: true });
  return page.screenshot({ path: join(FOLDER, `${name}.png`), ...options });
}

/** Makes a cluster and puts tasks on it. */
async function fill(page, instances, types, tasks) {
  await page.getByRole("tab", { name: "Cluster" }).click();
  await page.getByLabel("Instances", { exact: true }).fill(String(instances));
  for (const type of types) await page.getByLabel(type, { exact: true }).check();
  await page.getByRole("button", { name: "Generate" }).click();
  await page.locator(".matches", { hasText: `${instances.toLocaleString("en")} instances` }).waitFor({ timeout: 60_000 });
  await page.getByRole("tab", { name: "Place" }).click();
  for (const [definition, button, times] of tasks) {
    await page.getByLabel("Definition").selectOption({ label: definition });
    for (let time = 0; time < times; time += 1) await page.getByRole("button", { name: button, exact: true }).click();
  }
}

const MIX = [
  ["cache:1", "100", 1],
  ["web:1", "100", 5],
  ["api:1", "100", 3],
  ["worker:1", "100", 1],
];

for (const [theme, options] of [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
]) {
  test(
    `desk, ${theme}: a cluster in use, a task explained`,
    withPage(
      async (page) => {
        await fill(page, 180, ["m7g.xlarge", "g4dn.xlarge"], MIX);
        await page.getByLabel("Preset for Strategies").selectOption({ label: "AZ balanced binpack" });
        await page.getByRole("button", { name: "Place 1", exact: true }).click();
        await take(page, `desk-${theme}`);
      },
      { viewport: { width: 1440, height: 900 }, ...options },
    ),
  );
  test(
    `desk, ${theme}: a comparison`,
    withPage(
      async (page) => {
        await fill(page, 60, [], []);
        await page.getByRole("tab", { name: "Compare" }).click();
        await page.getByLabel("Arrivals").selectOption("mixed");
        await page.getByRole("spinbutton", { name: "Number" }).fill("500");
        await page.getByRole("button", { name: "Compare", exact: true }).click();
        await page.locator(".versus").waitFor();
        await take(page, `compare-${theme}`);
      },
      { viewport: { width: 1440, height: 900 }, ...options },
    ),
  );
}

/** Makes plans one after the other, and shows each. */
async function plans(page, show) {
  for (const [tab, name] of [
    ["Pack", "Pack"],
    ["Fleet", "Find the fleet"],
    ["Rearrange", "Plan the moves"],
  ]) {
    await page.getByRole("tab", { name: tab, exact: true }).click();
    await page.getByRole("button", { name, exact: true }).click();
    await page.locator(".planned").waitFor({ timeout: 60_000 });
    await show(tab.toLowerCase());
    await page.getByRole("button", { name: "Close the plan" }).click();
  }
}

for (const [theme, options] of [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
]) {
  test(
    `desk, ${theme}: plans`,
    { timeout: 120_000 },
    withPage(
      async (page) => {
        await fill(page, 60, [], MIX);
        await page.getByRole("tab", { name: "Fleet" }).click();
        await page.getByLabel("Zones, at least").fill("3");
        await plans(page, (tab) => take(page, `plan-${tab}-${theme}`));
      },
      { viewport: { width: 1440, height: 900 }, ...options },
    ),
  );
}

test(
  "phone: plans",
  { timeout: 120_000 },
  withPage(async (page) => {
    await page.getByRole("button", { name: "10", exact: true }).click();
    await plans(page, (tab) => take(page, `phone-${tab}`, { fullPage: true }));
  }, PHONE),
);

test(
  "10,000 instances, with a selection",
  withPage(async (page) => {
    await fill(
      page,
      10_000,
      [],
      [
        ["web:1", "1,000", 8],
        ["cache:1", "1,000", 6],
        ["worker:1", "1,000", 4],
      ],
    );
    await take(page, "ten-thousand");
    await page.getByRole("combobox", { name: "Select instances" }).fill("attribute:stack == staging and runningTasksCount > 0");
    await take(page, "ten-thousand-selected");
  }),
);

test(
  "the trace, grouped by model",
  withPage(
    async (page) => {
      await page.getByRole("tab", { name: "Cluster" }).click();
      await page.getByRole("button", { name: /OpenB trace/ }).click();
      await page.locator(".matches", { hasText: "1,523 instances" }).waitFor();
      await page.getByLabel("Group by").selectOption("gpu-model");
      await page.getByLabel("Bars to scale").check();
      await page.getByRole("tab", { name: "Place" }).click();
      await page.getByRole("button", { name: "All", exact: true }).click();
      await take(page, "trace");
    },
    { colorScheme: "dark" },
  ),
);

test(
  "the panels",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Cluster" }).click();
    await take(page, "panel-cluster");
    await page.getByRole("tab", { name: "Place" }).click();
    await page.getByRole("button", { name: "1,000", exact: true }).click();
    await page.locator(".nearest button").click();
    await page.getByLabel("Definition").selectOption("form");
    await page.getByRole("button", { name: "Add memberOf" }).click();
    await page.getByRole("combobox", { name: "memberOf 1" }).fill("attribute:ecs.instance-type =~ m6i.* and atribute:x == 1");
    await page.getByRole("combobox", { name: "Select instances" }).fill("");
    await page.getByRole("combobox", { name: "Select instances" }).pressSequentially("attribute:ecs.a");
    await page.locator('[role="option"]').first().waitFor();
    await take(page, "panel-place");
    await page.keyboard.press("Escape");
    await page.getByRole("tab", { name: "Share" }).click();
    await take(page, "panel-share");
  }),
);

test(
  "phone",
  withPage(async (page) => {
    await page.getByRole("button", { name: "10", exact: true }).click();
    await take(page, "phone", { fullPage: true });
    await page.getByRole("tab", { name: "Cluster" }).click();
    await take(page, "phone-cluster", { fullPage: true });
    await page.getByRole("tab", { name: "Compare" }).click();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.locator(".versus").waitFor();
    await take(page, "phone-compare", { fullPage: true });
  }, PHONE),
);

test(
  "the picture of the README",
  withPage(
    async (page) => {
      await fill(page, 180, ["m7g.xlarge"], MIX);
      await page.getByLabel("Preset for Strategies").selectOption({ label: "AZ balanced binpack" });
      await page.getByRole("button", { name: "Place 1", exact: true }).click();
      const png = await take(page, "readme");
      // The browser writes the smaller format.
      const blank = await held.browser.newPage();
      const webp = await blank.evaluate(async (text) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const canvas = new OffscreenCanvas(image.width, image.height);
        canvas.getContext("2d").drawImage(image, 0, 0);
        const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.82 });
        return btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
      }, png.toString("base64"));
      await blank.close();
      const bytes = Buffer.from(webp, "base64");
      assert.ok(bytes.length < 200_000, `${bytes.length} bytes`);
      if (process.env.PLACEWRIGHT_PICTURE !== undefined) await writeFile(join(here, "picture.webp"), bytes);
    },
    { viewport: { width: 1280, height: 760 } },
  ),
);
