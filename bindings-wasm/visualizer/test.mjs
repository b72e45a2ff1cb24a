#!/usr/bin/env node
// Builds the package and the page, and tests the page in Chromium. Usage: node test.mjs [--picture] [NAME ...], where NAME is a file of
// tests/ without `.test.mjs`; without one, all. `--picture` makes the picture of the README anew.
//
// Needs Node 20.19, cargo, and what ../build.mjs needs. Chromium is fetched by apt-get where it is missing and that may be done; CHROMIUM
// names another one. PLACEWRIGHT_JUDGE_TIME judges times, which a machine with other work to do will not keep.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..", "..");
const words = process.argv.slice(2);
const isPicture = words.includes("--picture");
const names = words.filter((word) => !word.startsWith("--"));

/** Runs a command and ends the run where it fails. */
function run(command, args, { cwd = here, env = {} } = {}) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", env: { ...process.env, ...env } });
  if (error !== undefined) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(" ")} failed`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** The browser; fetched where there is none. */
function chromium() {
  const wanted = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (existsSync(wanted)) return wanted;
  if (process.env.CHROMIUM !== undefined) fail(`there is no ${wanted}, which CHROMIUM names`);
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get"))
    fail("no Chromium, and no apt-get to fetch it with; set CHROMIUM to one");
  const packages = ["install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-dejavu-core"];
  if (spawnSync("apt-get", packages, { stdio: "ignore" }).status !== 0) {
    run("apt-get", ["update", "-q"]);
    run("apt-get", packages);
  }
  return wanted;
}

/** The native command-line tool, built. */
function native() {
  const { status, stdout } = spawnSync(
    "cargo",
    ["build", "--release", "-p", "placewright-cli", "--message-format=json", "--quiet"],
    {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  if (status !== 0) fail("the command-line tool was not built");
  const artifacts = stdout.split("\n").filter((line) => line.includes('"executable":"'));
  return JSON.parse(artifacts.at(-1)).executable;
}

const all = readdirSync(join(here, "tests"))
  .filter((name) => name.endsWith(".test.mjs"))
  .map((name) => name.slice(0, -".test.mjs".length));
for (const name of names) if (!all.includes(name)) fail(`no test is called ${name}; there are: ${all.join(", ")}`);
const wanted = names.length === 0 ? all : names;

const CHROMIUM = chromium();
if (!existsSync(join(here, "node_modules", ".package-lock.json"))) run("npm", ["ci", "--no-audit", "--no-fund"]);
// Whether the package is as small as it has to be is asked by its own tests.
const build = { env: { PLACEWRIGHT_SIZE: process.env.PLACEWRIGHT_SIZE ?? "any" } };
run(process.execPath, ["../build.mjs"], build);
if (wanted.includes("conformance")) run(process.execPath, ["../build.mjs", "--testkit"], build);
run("npx", ["--no-install", "tsc", "--noEmit"]);
run("npx", ["--no-install", "biome", "check", "--error-on-warnings", "."]);
run("npx", ["--no-install", "vite", "build", "--logLevel", "warn"]);
const env = {
  CHROMIUM,
  PLACEWRIGHT_CLI: process.env.PLACEWRIGHT_CLI ?? native(),
  ...(isPicture ? { PLACEWRIGHT_PICTURE: "1" } : {}),
};
const files = wanted.map((name) => join("tests", `${name}.test.mjs`));
run(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files], { env });
console.log(`pictures to look at: ${join(here, "artifacts")}`);
