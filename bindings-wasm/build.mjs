#!/usr/bin/env node
// Builds the npm package into `pkg/`: modules, glue, classes, types. Usage:
//   node build.mjs [--testkit] [--without-regex] [--small] [--out FOLDER]
//
// The module is compiled together with the standard library, which makes it a third smaller: by rustup's toolchain where it has, or
// can add, the sources of that; otherwise by the distribution's compiler (Debian: rustc-web, cargo-web, rust-web-src, lld-19; fetched
// by apt-get where that may be done); otherwise by rustup's toolchain with the target as it comes. What takes long is kept: the
// compiler's folder, the tools in `.tools`, and what wasm-opt made of what.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { only } from "./split/graph.mjs";
import { halves } from "./split/halves.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const TARGET = "wasm32-unknown-unknown";
/**
 * The modules of the package: the cluster, and packing, which is a file of its own for those who want it, its solvers fast. Linked at
 * a level for speed, what says that it is to be fast is optimised like that, and what was compiled for size stays small.
 */
const MODULES = [
  { crate: "placewright-wasm-link", fast: "placewright-wasm-link", level: 2, name: "placewright", entry: "bundler.js", isSplit: true },
  { crate: "placewright-wasm-pack", fast: "placewright", level: 3, name: "placewright_pack", entry: "pack-bundler.js" },
];
/** The module of clusters is there in two halves, too. Exports of the first: what sets a cluster up without documents, and places. */
const LEAN = new Set([
  "begin", "bulk_tasks", "close", "figure", "free", "integers", "is_open", "last_instance", "length", "make", "place_bulk", "place_one",
  "prepare_plain", "query_positions", "register_plain", "release", "set_draining", "stop_numbers", "version",
]);
/**
 * What of the second half the first one calls inside, each reached only where the second half was there before: patterns of regular
 * expressions, which the door refuses to make without it (`js/engine.js`), and their ends; and taking back a definition or a service.
 */
const CUTS = [
  /4expr7pattern.*7Pattern7compile$/, /4expr7pattern.*7Pattern8is_match$/, /drop_in_place.*regex_lite6string5Regex/,
  /regex_lite6pikevm6PikeVME9drop_slow/, /drop_in_place.*5boxed3Box.*regex_lite6pikevm5Cache/, /7adapter4book.*4Book7restore$/,
  /7adapter9savepoint.*15restore_service$/,
];
/** What of WebAssembly the compiler's code uses. The text of a module does not say it. */
const FEATURES = ["bulk-memory", "bulk-memory-opt", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext", "simd"];

/** `isSmall`: the hottest functions, and solvers, small instead of fast, too. */
const { isTestkit = false, isWithoutRegex = false, isSmall = false, folder } = asked();
/** The test kit is in the module of clusters alone. */
const modules = MODULES.slice(0, isTestkit ? 1 : undefined);
const variant = ["pkg", isTestkit && "testkit", isWithoutRegex && "without-regex", isSmall && "small"].filter(Boolean).join("-");
const out = resolve(folder ?? join(here, variant));
const tools = process.env.PLACEWRIGHT_TOOLS ?? join(root, ".tools");
const target = process.env.PLACEWRIGHT_WASM_TARGET ?? join(root, "target", "wasm");

/** Runs a command and shows what it says. */
function run(command, options, env = {}) {
  execFileSync(command, options, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
}

/** What a command says, or `undefined` where it fails or is not there. */
function said(command, options) {
  const { status, stdout } = spawnSync(command, options, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 120_000 });
  return status === 0 ? stdout.trim() : undefined;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** What the arguments ask for; what is none of them is refused, as it would build something else than was meant. */
function asked() {
  const named = { "--testkit": "isTestkit", "--without-regex": "isWithoutRegex", "--small": "isSmall" };
  const found = {};
  const rest = process.argv.slice(2);
  while (rest.length > 0) {
    const flag = rest.shift();
    if (Object.hasOwn(named, flag)) found[named[flag]] = true;
    else if (flag !== "--out") fail(`unknown argument \`${flag}\`: there are ${Object.keys(named).join(", ")} and --out FOLDER`);
    else if (rest.length === 0 || rest[0].startsWith("--")) fail("`--out` wants a folder");
    else found.folder = rest.shift();
  }
  return found;
}

/** The version of a crate in Cargo.lock. */
function locked(name) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const found = new RegExp(`name = "${name}"\\nversion = "([^"]+)"`).exec(lock);
  return found?.[1] ?? fail(`Cargo.lock has no ${name}`);
}

/**
 * Flags of a build whose standard library is built with it: no words for panics and no `Debug`, which nobody reads, and small routines.
 * All is compiled for size but the functions of the engine that say they are to be fast, which takes an unstable attribute.
 */
const IMMEDIATE = ["-Zunstable-options", "-Cpanic=immediate-abort", "-Zlocation-detail=none", "-Zfmt-debug=none"];
const HOT = isSmall ? [] : ["--cfg=placewright_for_size", "--cfg=placewright_vectors"];
/** Vectors: in every browser since 2023, and in node since 16. Rows of 64 amounts are compared by them. */
const VECTORS = "-Ctarget-feature=+simd128";
const BUILD_STD = ["-Z", "build-std=std,panic_abort", "-Z", "build-std-features=optimize_for_size"];

/** The file of a module. */
const fileOf = (name) => join(out, `${name}_bg.wasm`);

/** How to compile: a command, arguments, flags and variables, which only that command sees. */
function compiler() {
  const sourcesOf = (rustc) => existsSync(`${said(rustc, ["--print", "sysroot"])}/lib/rustlib/src/rust/library/Cargo.lock`);
  // A stable compiler takes unstable flags where this is set.
  const bootstrap = { RUSTC_BOOTSTRAP: "1", CARGO_TARGET_DIR: "" };
  if (said("rustup", ["--version"]) !== undefined) {
    if (!sourcesOf("rustc")) said("rustup", ["component", "add", "rust-src"]);
    if (sourcesOf("rustc")) {
      return { name: `${said("rustc", ["--version"])} of rustup`, command: "cargo", options: BUILD_STD, flags: [...IMMEDIATE, ...HOT], env: bootstrap };
    }
  }
  const [rustc, cargo, linker] = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/wasm-ld-19"];
  const isThere = () => [rustc, cargo, linker].every((file) => existsSync(file)) && sourcesOf(rustc);
  const packages = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
  if (!isThere() && said("apt-get", ["--version"]) !== undefined && process.getuid?.() === 0) {
    run("apt-get", ["update", "-q"]);
    run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages]);
  }
  if (isThere()) {
    const env = { ...bootstrap, RUSTC: rustc, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker };
    return { name: `${said(rustc, ["--version"])} of the distribution`, command: cargo, options: BUILD_STD, flags: [...IMMEDIATE, ...HOT], env };
  }
  const installed = () => said("rustup", ["target", "list", "--installed"])?.split("\n").includes(TARGET) === true;
  if (installed() || (said("rustup", ["target", "add", TARGET]) !== undefined && installed())) {
    console.error("without the sources of the standard library the module is larger");
    const fast = isSmall ? [] : ["--config", "profile.wasm.package.placewright.opt-level=3"];
    return { name: "rustup's target", command: "cargo", options: fast, flags: [], env: { CARGO_TARGET_DIR: "" } };
  }
  return fail(`no compiler for ${TARGET}: run \`rustup component add rust-src\`, or install ${packages.join(", ")}`);
}

/** The program that writes the glue, of the crate's own version. */
function bindgen() {
  const version = locked("wasm-bindgen");
  const program = join(tools, "bin", "wasm-bindgen");
  if (said(program, ["--version"]) !== `wasm-bindgen ${version}`) {
    // It is only a tool: optimising it takes minutes, and saves none.
    const env = { CARGO_TARGET_DIR: join(tools, "target"), CARGO_PROFILE_RELEASE_OPT_LEVEL: "1" };
    run("cargo", ["install", "--quiet", "wasm-bindgen-cli", "--version", version, "--root", tools], env);
    rmSync(join(tools, "target"), { recursive: true, force: true });
  }
  return program;
}

/** A program of a package that only the build uses. */
function tool(program) {
  const path = join(here, "node_modules", ".bin", program);
  if (!existsSync(path)) run("npm", ["ci", "--no-audit", "--no-fund", "--prefix", here]);
  return path;
}

/** Puts a module through wasm-opt, which is asked only about what it has not seen. */
function optimize(module, name, features = []) {
  const program = tool("wasm-opt");
  const level = "-Oz";
  const version = JSON.parse(readFileSync(join(here, "node_modules", "binaryen", "package.json"), "utf8")).version;
  const key = createHash("sha256").update(readFileSync(module)).update(`${version} ${level}`).digest("hex");
  // By variant and module: those that take turns, as in the tests, would put out each other's.
  const kept = join(target, "wasm-opt", variant, name, `${key}.wasm`);
  if (!existsSync(kept)) {
    rmSync(dirname(kept), { recursive: true, force: true });
    mkdirSync(dirname(kept), { recursive: true });
    run(program, [level, ...features, module, "-o", kept]);
  }
  copyFileSync(kept, module);
}

/** Makes the halves of a module beside it, of what the linker and the glue made of it. */
function split(linked, glued, name) {
  const folder = join(target, "halves", variant);
  mkdirSync(folder, { recursive: true });
  const [bare, text] = [join(folder, "bare.wasm"), join(folder, "bare.wat")];
  writeFileSync(bare, only(readFileSync(glued), ["name", "target_features"]));
  run(tool("wasm-dis"), [bare, "-o", text]);
  const made = halves({ linked: readFileSync(linked), text: readFileSync(text, "utf8"), exports: LEAN, cuts: CUTS });
  const features = FEATURES.map((feature) => `--enable-${feature}`);
  for (const [half, short] of [["first", "lean"], ["second", "edge"]]) {
    const [written, file] = [join(folder, `${half}.wat`), fileOf(`${name}_${short}`)];
    writeFileSync(written, made[half]);
    run(tool("wasm-as"), [...features, written, "-o", file]);
    optimize(file, `${name}_${short}`, features);
  }
  writeFileSync(join(out, "halves.js"), `export const absent = ${JSON.stringify(made.absent)};\n`);
}

const { name, command, options, flags, env } = compiler();
console.log(`compiling with ${name}`);
// No path of this machine goes into what is published.
const home = process.env.CARGO_HOME ?? `${process.env.HOME}/.cargo`;
const maps = [`--remap-path-prefix=${home}/registry/src=`, `--remap-path-prefix=${root}=`];
const rustflags = [VECTORS, ...flags, ...maps].join("\x1f");
const features = ["--no-default-features", "--features", [isWithoutRegex ? [] : ["regex"], isTestkit ? ["testkit"] : []].flat().join(",")];
for (const { crate, fast: faster, level, isSplit } of modules) {
  const fast = isSmall ? [] : ["--config", `profile.wasm.package.${faster}.opt-level=${level}`];
  // What splits a module has to know every address in it.
  const linking = isSplit ? ["--", "-Clink-arg=--emit-relocs"] : [];
  run(
    command,
    ["rustc", "--quiet", "-p", crate, "--profile", "wasm", "--target", TARGET, "--target-dir", target, ...features, ...options, ...fast, ...linking],
    { ...env, CARGO_ENCODED_RUSTFLAGS: rustflags },
  );
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const { crate, name, isSplit } of modules) {
  const linked = join(target, TARGET, "wasm", `${crate.replaceAll("-", "_")}.wasm`);
  run(bindgen(), [
    "--target", "web", "--experimental-reset-state-function", "--no-typescript", "--no-demangle", "--remove-producers-section",
    "--out-name", name, "--out-dir", out, linked,
  ]);
  const module = fileOf(name);
  if (isSplit) split(linked, module, name);
  writeFileSync(module, only(readFileSync(module), ["target_features"]));
  optimize(module, name);
}

// What is written by hand, without its comments, which the types repeat and a page would load; and the metadata.
const scripted = readdirSync(join(here, "js"));
for (const file of scripted.filter((file) => file.endsWith(".d.ts"))) copyFileSync(join(here, "js", file), join(out, file));
const written = scripted.filter((file) => file.endsWith(".js")).map((file) => join(here, "js", file));
const glue = modules.map(({ name }) => join(out, `${name}.js`));
for (const [folder, files] of [[join(here, "js"), written], [out, glue]]) {
  const settings = ["--allowJs", "--noCheck", "--noResolve", "--removeComments", "--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler"];
  run(tool("tsc"), [...settings, "--ignoreConfig", "--types", "", "--rootDir", folder, "--outDir", join(target, "scripts", variant), ...files]);
  for (const file of files) {
    const script = readFileSync(join(target, "scripts", variant, basename(file)), "utf8");
    // Indentation is a twentieth of the scripts, gzipped. It may go where no text goes over several lines.
    if (script.split("\n").some((line) => line.split("`").length % 2 === 0)) fail(`${basename(file)} has a text of several lines`);
    writeFileSync(join(out, basename(file)), script.replace(/^[ \t]+/gm, ""));
  }
}
for (const file of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(join(root, file), join(out, file));
for (const file of ["README.md", "CHANGELOG.md"]) if (existsSync(join(here, file))) copyFileSync(join(here, file), join(out, file));
const version = locked("placewright-wasm");
writeFileSync(join(out, "version.js"), `export const version = ${JSON.stringify(version)};\n`);
const { name: packageName, description, ...rest } = JSON.parse(readFileSync(join(here, "package.template.json"), "utf8"));
writeFileSync(join(out, "package.json"), `${JSON.stringify({ name: packageName, version, description, ...rest }, null, 2)}\n`);

// They are loaded here: an optimiser that breaks a module says nothing of it.
const { Cluster } = await import(join(out, "node.js"));
if (new Cluster().size !== 0) fail("the module does not work");
if (modules.length > 1) {
  const { pack } = await import(join(out, "pack-node.js"));
  const problem = { dimensions: ["cpu"], items: [{ demand: [2], count: 3 }], bins: [{ id: "bin", capacity: [4] }] };
  if (!pack(problem).optimal) fail("the module that packs does not work");
}

/** The scripts that a page loads from an entry on. */
function scripts(entry, found = new Set()) {
  found.add(entry);
  const imported = readFileSync(join(out, entry), "utf8").matchAll(/^(?:import|export)\b[^"\n]*"\.\/([^"]+\.js)"/gm);
  for (const [, file] of imported) if (!found.has(file)) scripts(file, found);
  return found;
}

/** Bytes of each module, and of all that a page loads with it. */
const pages = modules.flatMap(({ name: file, entry, isSplit }) => {
  const lean = [{ file: `${file}_lean`, entry: "lean.js" }, { file: `${file}_edge`, entry: "lean.js" }];
  return [{ file, entry }, ...(isSplit ? lean : [])];
});
for (const { file, entry } of pages) {
  const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).length;
  const module = fileOf(file);
  const sum = [...scripts(entry)].reduce((total, script) => total + packed(join(out, script)), packed(module));
  const brotli = brotliCompressSync(readFileSync(module)).length;
  console.log(`${module}: ${statSync(module).size} bytes, gzip ${packed(module)}, brotli ${brotli}; with its scripts gzip ${sum}`);
}
