// When the engine fails: the page says so, makes the cluster again with all that was done to it, and goes on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });

/** Puts a door before the module, behind which the next call traps when `window.isTrapped` is set. */
function trapped() {
  const Real = WebAssembly.Instance;
  WebAssembly.Instance = function Instance(module, imports) {
    const { exports } = new Real(module, imports);
    const door = {};
    for (const [name, value] of Object.entries(exports)) {
      door[name] =
        typeof value !== "function"
          ? value
          : (...args) => {
              if (window.isTrapped === true && !name.startsWith("__") && name !== "last_words") {
                window.isTrapped = false;
                throw new WebAssembly.RuntimeError("unreachable");
              }
              return value(...args);
            };
    }
    return { exports: door };
  };
}

test(
  "a trap in what is shown is told, and the page is shown again",
  withPage(
    async (page) => {
      await page.getByRole("button", { name: "10", exact: true }).click();
      assert.equal(await figure(page, "tasks"), "22");
      await page.evaluate(() => {
        window.isTrapped = true;
      });
      await page.getByRole("combobox", { name: "Select instances" }).fill("runningTasksCount > 3");
      await page.locator(".notice.error", { hasText: "the engine" }).waitFor();
      assert.equal(await page.evaluate(() => window.isTrapped), false);
      await page.getByRole("button", { name: "10", exact: true }).click();
      await page.locator('[data-figure="tasks"]', { hasText: "32" }).waitFor();
    },
    { init: trapped },
  ),
);

test(
  "a trap is told, and nothing of what was done is lost",
  withPage(
    async (page) => {
      await page.getByRole("button", { name: "10", exact: true }).click();
      assert.equal(await figure(page, "tasks"), "22");
      await page.evaluate(() => {
        window.isTrapped = true;
      });
      await page.getByRole("button", { name: "10", exact: true }).click();
      await page.locator(".notice.error", { hasText: "the engine" }).waitFor();
      assert.equal(await page.evaluate(() => window.isTrapped), false);
      assert.equal(await figure(page, "tasks"), "22");
      await page.getByRole("button", { name: "10", exact: true }).click();
      assert.equal(await figure(page, "tasks"), "32");
      await page.getByRole("button", { name: "Undo" }).click();
      await page.getByRole("button", { name: "Undo" }).click();
      assert.equal(await figure(page, "tasks"), "12");
    },
    { init: trapped },
  ),
);
