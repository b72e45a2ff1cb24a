// The package as it is published: its files, its entries, its types against what is there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import * as worker from "../pkg/worker-threads.js";
import * as pw from "../pkg/node.js";
import { ROOT, read } from "./support.mjs";

const PKG = fileURLToPath(new URL("../pkg/", import.meta.url));
const manifest = JSON.parse(read(join(PKG, "package.json")));

test("npm would publish these files and no others", () => {
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: PKG, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  assert.deepEqual(
    packed.files.map((file) => file.path).sort(),
    [
      "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "api.js", "arguments.js", "bundler.js", "columns.js", "engine.js", "error.js", "index.d.ts",
      "json.js", "node.js", "package.json", "placewright.js", "placewright_bg.wasm", "request.js", "version.js", "watch.js", "web.d.ts",
      "web.js", "worker-client.js", "worker-node.js", "worker-serve.js", "worker-threads.js", "worker-web.js", "worker.d.ts", "worker.js",
    ],
  );
  assert.deepEqual([packed.name, packed.version], ["placewright", pw.version]);
  assert.equal(manifest.license, "MIT OR Apache-2.0");
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.scripts, undefined);
});

// The issue asks for 150 KiB, which is not reached: README, "Size and speed". This keeps what there is from growing unseen.
const BYTES_MAX = 460 * 1024;

test("the package does not grow unseen", () => {
  const loaded = readdirSync(PKG).filter((file) => /\.(js|wasm)$/.test(file) && !file.includes("worker") && file !== "node.js");
  const bytes = loaded.reduce((sum, file) => sum + gzipSync(readFileSync(join(PKG, file)), { level: 9 }).length, 0);
  assert.ok(bytes <= BYTES_MAX, `${bytes} bytes gzipped`);
});

test("no path of this machine is in it", () => {
  for (const file of readdirSync(PKG)) {
    const content = readFileSync(join(PKG, file), "latin1");
    for (const path of [ROOT, homedir() + "/", "/.cargo/", "/rustlib/"]) {
      assert.ok(!content.includes(path), `${file} has ${path}`);
    }
  }
});

test("every entry is there, in the conditions that ask for it", async () => {
  const each = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(each));
  for (const target of each(manifest.exports)) assert.ok(existsSync(join(PKG, target)), target);
  for (const file of manifest.sideEffects) assert.ok(existsSync(join(PKG, file)), file);
  const web = await import("../pkg/web.js");
  await web.init();
  assert.equal(web.Cluster, pw.Cluster);
});

test("before the module is loaded the package says so, and loads it from anywhere", () => {
  const module = pathToFileURL(join(PKG, "placewright_bg.wasm")).href;
  const script = `
    import * as pw from ${JSON.stringify(pathToFileURL(join(PKG, "web.js")).href)};
    import { readFileSync } from "node:fs";
    const codes = [];
    for (const call of [() => new pw.Cluster(), () => pw.compile("a"), () => pw.memorySize()]) {
      try { call(); } catch (error) { codes.push(error.code); }
    }
    await pw.init("data:text/plain,no").then(() => codes.push("loaded"), () => codes.push("refused"));
    const bytes = readFileSync(new URL(${JSON.stringify(module)}));
    await pw.init(new Response(bytes, { headers: { "Content-Type": "application/wasm" } }));
    await pw.init();
    pw.initSync(bytes);
    codes.push(new pw.Cluster().size);
    console.log(codes.join(" "));`;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.equal(said.trim(), "internal.not_ready internal.not_ready internal.not_ready refused 0");
});

/** Members that the types name of each class. */
function declared(file) {
  const classes = new Map();
  let members;
  for (const line of read(join(PKG, file)).split("\n")) {
    const opened = /^export class (\w+)/.exec(line);
    if (opened !== null) classes.set(opened[1], (members = new Set()));
    else if (line === "}") members = undefined;
    const member = /^ {2}(?:static |readonly )*(\w+)[(:<?]/.exec(line);
    if (members !== undefined && member !== null && member[1] !== "constructor" && member[1] !== "private") members.add(member[1]);
  }
  return classes;
}

test("the types name what is there, and all of it", () => {
  for (const [file, module] of [["index.d.ts", pw], ["worker.d.ts", worker]]) {
    for (const [name, members] of declared(file)) {
      const kind = module[name];
      assert.equal(typeof kind, "function", name);
      const own = [...Object.getOwnPropertyNames(kind.prototype), ...Object.getOwnPropertyNames(kind)].filter(
        (member) => !["constructor", "length", "name", "prototype", "ready"].includes(member) && !member.startsWith("_"),
      );
      for (const member of own) assert.ok(members.has(member), `the types of ${name} lack ${member}`);
      const data = { PlacewrightError: true, PlaceResult: true, Request: true }[name];
      if (data === undefined) for (const member of members) assert.ok(own.includes(member), `${name} lacks ${member}`);
    }
  }
  const types = read(join(PKG, "index.d.ts"));
  const values = [...types.matchAll(/^export (?:class|const|function) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(Object.keys(pw).sort(), values.sort());
  const made = new pw.Cluster();
  made.registerTaskDefinition({ family: "a", containerDefinitions: [{ name: "a", memory: 4 }] });
  const named = declared("index.d.ts");
  for (const thing of [made.place("a"), made.prepare("a")]) {
    for (const member of named.get(thing.constructor.name)) assert.ok(member in thing, `${thing.constructor.name} lacks ${member}`);
  }
  const remote = new Set(Object.getOwnPropertyNames(worker.RemoteCluster.prototype));
  const away = new Set(["isUsable", "placeOne", "lastInstance", "withColumn", "transaction", "fromJson", "free"]);
  for (const member of named.get("Cluster")) assert.equal(remote.has(member), !away.has(member), `RemoteCluster and ${member}`);
});

test("the README's examples run", (t) => {
  const text = read(fileURLToPath(new URL("../README.md", import.meta.url)));
  const examples = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  assert.ok(examples.length >= 5, `${examples.length}`);
  const code = examples.join("\n").replaceAll('from "placewright"', `from ${JSON.stringify(pathToFileURL(join(PKG, "node.js")).href)}`);
  const all = code.replaceAll('from "placewright/worker"', `from ${JSON.stringify(pathToFileURL(join(PKG, "worker-threads.js")).href)}`);
  const folder = mkdtempSync(join(tmpdir(), "placewright-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "readme.mjs");
  writeFileSync(file, all);
  execFileSync(process.execPath, [file], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  assert.ok(statSync(join(PKG, "README.md")).size > 1000);
});
