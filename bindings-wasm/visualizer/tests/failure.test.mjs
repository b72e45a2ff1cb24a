// When the engine fails: the page says so, makes the cluster again with all that was done to it, and goes on.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BASE, browse, figure, here, serve, setUp } from "./harness.mjs";

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

test("a browser without vectors is told which ones have them, on the page and by a worker", async (t) => {
  // V8 makes vectors with instructions of the processor that it can be told not to use.
  const browser = await browse("--js-flags=--no-enable-sse4-1");
  const server = await serve({ [BASE]: join(here, "dist"), "/package/": join(here, "..", "pkg") });
  t.after(async () => {
    await browser.close();
    server.close();
  });
  const page = await browser.newPage();
  await page.goto(`${server.origin}${BASE}`);
  if (await page.evaluate(() => WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123)))) {
    return t.skip("V8 has vectors here");
  }
  await page.getByText(/The engine could not be started: .*128-bit vectors; Chrome 91, Firefox 89, Safari 16\.4/).waitFor();
  const told = await page.evaluate(async () => {
    const codes = [];
    for (const entry of ["worker.js", "pack-worker.js"]) {
      const { start } = await import(`/package/${entry}`);
      await start().catch((error) => codes.push(`${error.name} ${error.code}`));
    }
    const { init } = await import("/package/web.js");
    await init().catch(({ code, cause }) => codes.push(`${code} ${cause.constructor.name}`));
    return codes;
  });
  assert.deepEqual(told, [
    "PlacewrightError load.unsupported",
    "PlacewrightError load.unsupported",
    "load.unsupported CompileError",
  ]);
});
