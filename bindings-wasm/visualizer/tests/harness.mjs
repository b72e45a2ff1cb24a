// What every browser test needs: the built page on a server of its own, a browser, and what the page must never do.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { chromium } from "playwright-core";

/** The page is served below this path, as on a host that has other pages. */
export const BASE = "/some/where/placewright/";
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/** Where the visualizer is. */
export const here = fileURLToPath(new URL("..", import.meta.url));

/** Serves folders by path prefix; gives the address and a function that ends it. */
export async function serve(folders, headers = {}) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const prefix = Object.keys(folders).find((each) => path.startsWith(each));
    const name = prefix === undefined ? "" : normalize(path.slice(prefix.length) || "index.html");
    try {
      if (prefix === undefined || name.startsWith("..")) throw new Error("outside");
      const bytes = await readFile(join(folders[prefix], name));
      response.writeHead(200, { ...headers, "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(bytes);
    } catch {
      response.writeHead(404).end("not found");
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Starts Chromium, with more switches where they are given. */
export async function browse(...switches) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", ...switches],
  });
}

/** Opens the page; `faults` collects what must not happen: errors on the console, and requests after it has loaded. */
export async function open(browser, origin, { hash = "", init, isAwaited = true, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", ...options });
  const page = await context.newPage();
  if (init !== undefined) await page.addInitScript(init);
  const faults = [];
  let isLoaded = false;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
  page.on("request", (request) => {
    // Files that the reader is given are no requests over the network.
    if (isLoaded && !/^(blob|data):/.test(request.url())) faults.push(`request after load: ${request.url()}`);
  });
  page.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
  // The last that the page asks for by itself.
  const second = page.waitForResponse((response) => response.url().includes("placewright_pack_bg"));
  await page.goto(`${origin}${BASE}${hash}`);
  if (isAwaited) await page.getByRole("application").first().waitFor();
  await second;
  await page.waitForLoadState("networkidle");
  isLoaded = true;
  return { page, faults, close: () => context.close() };
}

/** The repository. */
export const root = join(here, "..", "..");

/** A figure of the head of the page. */
export const figure = (page, key) => page.locator(`[data-figure="${key}"]`).textContent();

/** A link that holds these parts of a scenario. */
export const linkOf = (parts) =>
  `#s=${deflateRawSync(JSON.stringify({ format: "placewright-scenario/1", ...parts })).toString("base64url")}`;

/** Drops documents onto the page. */
export const give = (page, ...values) => giveTexts(page, ...values.map((value) => JSON.stringify(value)));

/** Drops documents onto the page as they are written. */
export const giveTexts = (page, ...texts) =>
  page.evaluate((given) => {
    const transfer = new DataTransfer();
    for (const [at, text] of given.entries()) transfer.items.add(new File([text], at === 0 ? "given.json" : `given-${at}.json`));
    document.querySelector(".page")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
  }, texts);

/** Drops files onto the page. */
export async function drop(page, paths) {
  const files = await Promise.all(paths.map(async (path) => ({ name: basename(path), text: await readFile(path, "utf8") })));
  await page.evaluate((given) => {
    const transfer = new DataTransfer();
    for (const { name, text } of given) transfer.items.add(new File([text], name));
    document.querySelector(".page")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
  }, files);
}

/** Runs the native command-line tool; its output as text. Exit code 3, some tasks not placed, is an answer. */
export function native(...args) {
  const command = process.env.PLACEWRIGHT_CLI ?? "cargo";
  const before = process.env.PLACEWRIGHT_CLI === undefined ? ["run", "--quiet", "--release", "-p", "placewright-cli", "--"] : [];
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  if (status !== 0 && status !== 3) throw new Error(`placewright ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** What the reader is given when a button is clicked. */
export async function saved(page, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
  return readFile(await download.path(), "utf8");
}

/** Writes each value into a field for whole numbers, key by key, since each is an input of its own that could be changed: it stays as it
 * was written, is marked, and what `act` does is refused with the same words. Leaves `kept` in the field. */
export async function refuseNumbers(page, field, { values, told, kept, act }) {
  for (const value of values) {
    await field.fill("");
    await field.pressSequentially(value);
    assert.equal(await field.inputValue(), value);
    assert.equal(await field.getAttribute("aria-invalid"), "true", value);
    await page.locator(`.wrong[id="${await field.getAttribute("aria-describedby")}"]`, { hasText: told }).waitFor();
    await act();
    await page.locator(".notice.error", { hasText: told }).waitFor();
    await page.getByLabel("Close the message").click();
  }
  await field.fill(kept);
  assert.equal(await field.getAttribute("aria-invalid"), "false");
  assert.equal(await page.locator(".wrong").count(), 0);
}

/** Starts a server and a browser for the tests of a file, and ends them. */
export function setUp({ before, after }, folders = {}) {
  const held = {};
  before(async () => {
    held.server = await serve({ [BASE]: join(here, "dist"), ...folders });
    held.browser = await browse();
  });
  after(async () => {
    await held.browser?.close();
    held.server?.close();
  });
  return {
    held,
    /** A test on a page of its own, in which nothing may go wrong. */
    withPage:
      (work, options = {}) =>
      async () => {
        const { page, faults, close } = await open(held.browser, held.server.origin, options);
        await work(page);
        assert.deepEqual(faults, []);
        await close();
      },
  };
}
