// Compare: two chains on the same arrivals; the figures are those of placing the same on the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, refuseNumbers, setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });

test(
  "each side ends where placing under its chain ends",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Compare" }).click();
    await page.getByLabel("Preset for Chain B").selectOption({ label: "Binpack memory" });
    await page.getByRole("spinbutton", { name: "Number" }).fill("100");
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.getByText("After 100 of 100 arrivals").waitFor();
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
