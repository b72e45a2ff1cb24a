// What every browser test needs: the built page on a server of its own, a browser, and what the page must never do.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** The page is served below this path, as on a host that has other pages. */
export const BASE = "/some/where/placewright/";
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/** Where the visualizer is. */
export const here = fileURLToPath(new URL("..", import.meta.url));

/** Serves folders by path prefix; gives the address and a function that ends it. */
export async function serve(folders) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const prefix = Object.keys(folders).find((each) => path.startsWith(each));
    const name = prefix === undefined ? "" : normalize(path.slice(prefix.length) || "index.html");
    try {
      if (prefix === undefined || name.startsWith("..")) throw new Error("outside");
      const bytes = await readFile(join(folders[prefix], name));
      response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(bytes);
    } catch {
      response.writeHead(404).end("not found");
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Starts Chromium. */
export async function browse() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}

/** Opens the page; `faults` collects what must not happen: errors on the console, and requests after it has loaded. */
export async function open(browser, origin, { hash = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", ...options });
  const page = await context.newPage();
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
  await page.goto(`${origin}${BASE}${hash}`);
  await page.getByRole("application").first().waitFor();
  await page.waitForLoadState("networkidle");
  isLoaded = true;
  return { page, faults, close: () => context.close() };
}
