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

test("a module that is not loaded is an error of the package, of whatever kind that is", () => {
  const at = (file) => JSON.stringify(pathToFileURL(join(PKG, file)).href);
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", `
    import * as pw from ${at("web.js")};
    import { readFileSync } from "node:fs";
    const told = [];
    const tell = (error) => told.push([error instanceof pw.PlacewrightError, error.code, error.class, error.cause?.constructor.name, error.help.length > 0].join());
    const other = new Uint8Array(${JSON.stringify([0, 97, 115, 109, 1, 0, 0, 0, 2, 8, 1, 1, 97, 1, 98, 3, 127, 0])});
    for (const source of ["data:text/plain,no", new Response("", { status: 404 }), Uint8Array.of(1, 2, 3), "http://127.0.0.1:1/", other, 7]) {
      await pw.init(source).catch(tell);
    }
    for (const bytes of [Uint8Array.of(1), undefined]) try { pw.initSync(bytes); } catch (error) { tell(error); }
    // What a page's own promise rejects with is the page's.
    const mine = new Error("mine");
    await pw.init(Promise.reject(mine)).catch((error) => told.push(error === mine));
    await pw.init(new Response(readFileSync(new URL(${at("placewright_bg.wasm")})), { headers: { "Content-Type": "application/wasm" } }));
    console.log(JSON.stringify([told, new pw.Cluster().size]));`], { encoding: "utf8" });
  const causes = ["CompileError", "Error", "CompileError", "TypeError", "TypeError", "TypeError", "CompileError", "TypeError"];
  assert.deepEqual(JSON.parse(said), [[...causes.map((cause) => `true,load.failed,internal,${cause},true`), true], 0]);
});

// Engines make vectors with instructions of the processor that V8 can be told not to use: then it has none.
const WITHOUT_VECTORS = "--no-enable-sse4-1";
const hasSwitch = spawnSync(process.execPath, [WITHOUT_VECTORS, "--eval", "process.exit(WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123)) ? 1 : 0)"]).status === 0;

test("a host whose WebAssembly has no vectors is told so, and from which versions on there are some", { skip: hasSwitch ? false : "V8 has vectors here" }, () => {
  const at = (file) => JSON.stringify(pathToFileURL(join(PKG, file)).href);
  const script = `
    import { readFileSync } from "node:fs";
    const bytes = (file) => readFileSync(new URL(file, ${at("")}));
    const told = [];
    const tell = (how) => ({ code, message, help, cause, name }) => told.push([how, name, code, message, help, cause?.constructor.name]);
    for (const entry of ["node.js", "lean-node.js", "pack-node.js"]) await import(new URL(entry, ${at("")})).catch(tell(entry));
    const answer = () => new Response(bytes("placewright_bg.wasm"), { headers: { "Content-Type": "application/wasm" } });
    const web = await import(${at("web.js")});
    await web.init(bytes("placewright_bg.wasm")).catch(tell("bytes"));
    await web.init(answer()).catch(tell("stream"));
    try { web.initSync(bytes("placewright_bg.wasm")); } catch (error) { tell("at once")(error); }
    const lean = await import(${at("lean.js")});
    await lean.init(bytes("placewright_lean_bg.wasm")).catch(tell("first half"));
    await (await import(${at("worker-threads.js")})).start().catch(tell("worker"));
    console.log(JSON.stringify(told));
    globalThis.WebAssembly = undefined;
    await web.init(bytes("placewright_bg.wasm")).catch(({ code, cause }) => console.log(code, cause instanceof Error));`;
  const [told, none] = execFileSync(process.execPath, [WITHOUT_VECTORS, "--input-type=module", "--eval", script], { encoding: "utf8" }).trim().split("\n");
  const ways = ["node.js", "lean-node.js", "pack-node.js", "bytes", "stream", "at once", "first half", "worker"];
  assert.deepEqual(JSON.parse(told).map(([how]) => how), ways);
  for (const [how, name, code, message, help, cause] of JSON.parse(told)) {
    assert.deepEqual([name, code], ["PlacewrightError", "load.unsupported"], how);
    assert.match(message, /128-bit vectors/, how);
    assert.match(help, /Chrome 91, Firefox 89, Safari 16\.4, Node 20/, how);
    // Errors of another thread come without their cause.
    if (how !== "worker") assert.equal(cause, "CompileError", how);
  }
  assert.equal(none, "load.unsupported true");
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
