// The conformance corpus in Chromium, by the page of the package's own tests: as text and as objects, with the native digest.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { after, before, test } from "node:test";
import { native, root, setUp } from "./harness.mjs";

const PACKAGE = "/package/";
const { held } = setUp({ before, after }, { [PACKAGE]: join(root, "bindings-wasm") });
const CASES = join(root, "core/testdata/placement");

/** A page with the package, without the visualizer. */
async function packagePage() {
  const page = await held.browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`${held.server.origin}${PACKAGE}tests/page/index.html`);
  await page.waitForFunction(() => window.isReady === true);
  return { page, faults };
}

/** Every case as text, and whether it is run in the given order only. */
async function cases() {
  const names = (await readdir(CASES, { recursive: true })).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(
    names.map(async (name) => [
      await readFile(join(CASES, name), "utf8"),
      relative(CASES, join(CASES, name)).split(sep).slice(0, -1).includes("ordered"),
    ]),
  );
}

test("the corpus passes in the browser with the native digest", { timeout: 300_000 }, async () => {
  const [, digest] = /^digest ([0-9a-f]{64})$/m.exec(native("conformance", CASES)) ?? [];
  assert.ok(digest !== undefined, "the native run prints a digest");
  const corpus = await cases();
  const { page, faults } = await packagePage();
  const ways = ["text", "objects"];
  for (const way of ways) {
    const start = Date.now();
    const told = await page.evaluate(([all, form]) => window.conformance(all, form), [corpus, way]);
    console.log(`${corpus.length} cases as ${way} in Chromium: ${Date.now() - start} ms, digest ${told.digest}`);
    assert.deepEqual(told.failures, []);
    assert.equal(told.digest, digest);
  }
  for (const way of ways) {
    const { run, failures } = await page.evaluate(
      ([texts, form]) => window.byCalls(texts, form),
      [corpus.map(([text]) => text), way],
    );
    console.log(`${run} cases by the calls of the package, documents as ${way}, in Chromium`);
    assert.deepEqual(failures, []);
    assert.ok(run > 250, `only ${run} cases could be run`);
  }
  assert.deepEqual(faults, []);
  await page.close();
});

test("the package places in a page, and the same through a worker", async () => {
  const { page, faults } = await packagePage();
  const placements = await page.evaluate(() => window.sample());
  assert.equal(placements.length, 3);
  assert.equal(new Set(placements.map(({ instance }) => instance)).size, 1, "binpack fills one instance");
  assert.deepEqual(await page.evaluate(() => window.worker()), placements);
  assert.deepEqual(faults, []);
  await page.close();
});
