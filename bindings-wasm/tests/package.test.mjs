// The package as it is published: its files, its entries, its types against what is there.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import * as packWorker from "../pkg/pack-worker-threads.js";
import * as packing from "../pkg/pack-node.js";
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
      "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "api.js", "arguments.js", "bundler.js", "columns.js", "door.js",
      "engine.js", "error.js", "halves.js", "index.d.ts", "json.js", "lean-node.js", "lean.d.ts", "lean.js", "load.js", "node.js", "pack-api.js", "pack-bundler.js", "pack-engine.js", "pack-node.js",
      "pack-watch.js", "pack-web.d.ts", "pack-web.js", "pack-worker-client.js", "pack-worker-node.js", "pack-worker-serve.js",
      "pack-worker-threads.js", "pack-worker-web.js", "pack-worker.d.ts", "pack-worker.js", "pack.d.ts", "package.json",
      "placewright.js", "placewright_bg.wasm", "placewright_edge_bg.wasm", "placewright_lean_bg.wasm", "placewright_pack.js",
      "placewright_pack_bg.wasm", "plain.js", "port-node.js", "port-web.js",
      "request.js", "version.js", "watch.js", "web.d.ts", "web.js", "worker-answer.js", "worker-client.js", "worker-link.js",
      "worker-node.js", "worker-serve.js", "worker-threads.js", "worker-web.js", "worker-words.js", "worker.d.ts", "worker.js",
    ],
  );
  assert.deepEqual([packed.name, packed.version], ["placewright", pw.version]);
  assert.equal(manifest.license, "MIT OR Apache-2.0");
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.scripts, undefined);
});

// 150 KiB is what was asked for: the first half is within it, the whole is not (README, "Size and speed").
const BYTES_MAX = { "lean.js": 150 * 1024, "bundler.js": 360 * 1024, "pack-bundler.js": 515 * 1024 };

/** Files of the package that a page loads from an entry on. */
function loaded(entry, found = new Set([entry])) {
  for (const [, file] of read(join(PKG, entry)).matchAll(/^(?:import|export)\b[^\n]*"\.\/([^"\n]+\.(?:js|wasm))"/gm)) {
    if (found.has(file)) continue;
    found.add(file);
    if (file.endsWith(".js")) loaded(file, found);
  }
  return [...found];
}

test("the package does not grow unseen, and nobody loads a module for nothing", () => {
  for (const [entry, most] of Object.entries(BYTES_MAX)) {
    // The second half is loaded by nobody but `loadEdge`.
    const files = loaded(entry).filter((file) => file !== "placewright_edge_bg.wasm");
    assert.equal(files.filter((file) => file.endsWith(".wasm")).length, 1, files.join(" "));
    const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(PKG, file)), { level: 9 }).length, 0);
    assert.ok(bytes <= most, `${bytes} bytes gzipped from ${entry} on`);
  }
  // A page that only talks to a worker loads no module itself.
  for (const entry of ["worker.js", "pack-worker.js"]) assert.ok(!loaded(entry).some((file) => file.endsWith(".wasm")), entry);
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
  const packWeb = await import("../pkg/pack-web.js");
  await packWeb.init();
  assert.equal(packWeb.pack, packing.pack);
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

test("the build refuses what it does not know, before it builds anything", () => {
  const build = fileURLToPath(new URL("../build.mjs", import.meta.url));
  for (const [args, told] of [
    [["--smal"], /unknown argument `--smal`: there are --testkit, --without-regex, --small and --out FOLDER/],
    [["--testkit", "pkg"], /unknown argument `pkg`/],
    [["--out"], /`--out` wants a folder/],
    [["--out", "--small"], /`--out` wants a folder/],
  ]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [build, ...args], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [1, ""], args.join(" "));
    assert.match(stderr, told);
  }
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
  for (const [file, module] of [["index.d.ts", pw], ["worker.d.ts", worker], ["pack-worker.d.ts", packWorker]]) {
    for (const [name, members] of declared(file)) {
      const kind = module[name];
      assert.equal(typeof kind, "function", name);
      const parent = Object.getPrototypeOf(kind.prototype) ?? {};
      const inherited = parent.constructor?.name === "WorkerLink" ? Object.getOwnPropertyNames(parent) : [];
      const own = [...Object.getOwnPropertyNames(kind.prototype), ...Object.getOwnPropertyNames(kind), ...inherited].filter(
        (member) => !["constructor", "length", "name", "prototype", "ready"].includes(member) && !member.startsWith("_"),
      );
      for (const member of own) assert.ok(members.has(member), `the types of ${name} lack ${member}`);
      const data = { PlacewrightError: true, PlaceResult: true, Request: true }[name];
      if (data === undefined) for (const member of members) assert.ok(own.includes(member), `${name} lacks ${member}`);
    }
  }
  const values = (file) => [...read(join(PKG, file)).matchAll(/^export (?:class|const|function) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(Object.keys(pw).sort(), values("index.d.ts").sort());
  assert.deepEqual(Object.keys(packing).sort(), ["PlacewrightError", "version", ...values("pack.d.ts")].sort());
  assert.deepEqual(Object.keys(packWorker).sort(), ["PlacewrightError", ...values("pack-worker.d.ts")].sort());
  const made = new pw.Cluster();
  made.registerTaskDefinition({ family: "a", containerDefinitions: [{ name: "a", memory: 4 }] });
  const named = declared("index.d.ts");
  for (const thing of [made.place("a"), made.prepare("a")]) {
    for (const member of named.get(thing.constructor.name)) assert.ok(member in thing, `${thing.constructor.name} lacks ${member}`);
  }
  const remote = new Set(Object.getOwnPropertyNames(worker.RemoteCluster.prototype));
  const away = new Set(["isUsable", "prepareTask", "placeOne", "lastInstance", "withColumn", "transaction", "planSteps", "fromJson", "free"]);
  for (const member of named.get("Cluster")) assert.equal(remote.has(member), !away.has(member), `RemoteCluster and ${member}`);
});

test("the README's examples run", (t) => {
  const text = read(fileURLToPath(new URL("../README.md", import.meta.url)));
  const examples = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  assert.ok(examples.length >= 5, `${examples.length}`);
  const entries = { placewright: "node.js", "placewright/lean": "lean-node.js", "placewright/worker": "worker-threads.js", "placewright/pack": "pack-node.js", "placewright/pack/worker": "pack-worker-threads.js" };
  const all = examples.join("\n").replaceAll(/from "(placewright[^"]*)"/g, (_, entry) => `from ${JSON.stringify(pathToFileURL(join(PKG, entries[entry])).href)}`);
  const folder = mkdtempSync(join(tmpdir(), "placewright-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "readme.mjs");
  writeFileSync(file, all);
  execFileSync(process.execPath, [file], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  assert.ok(statSync(join(PKG, "README.md")).size > 1000);
});
