#!/usr/bin/env node
// Builds the npm package into `pkg/`: module, glue, classes, types. Usage: node build.mjs [--testkit] [--without-regex] [--out FOLDER]
//
// The module is compiled by rustup's toolchain where it has, or can add, the target; otherwise by the distribution's compiler, which
// builds the standard library from the sources beside it (Debian: rustc-web, cargo-web, rust-web-src, lld-19; fetched by apt-get
// where that may be done). What takes long is kept: the compiler's folder, the tools in `.tools`, and what wasm-opt made of what.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const TARGET = "wasm32-unknown-unknown";
/** Most bytes that the module and everything it needs may have in a download, gzipped. */
const BYTES_MAX = 150 * 1024;

const args = process.argv.slice(2);
const has = (flag) => args.includes(flag);
const isTestkit = has("--testkit");
const isWithoutRegex = has("--without-regex");
const outFlag = args.indexOf("--out");
const out = resolve(outFlag >= 0 ? args[outFlag + 1] : join(here, isTestkit ? "pkg-testkit" : isWithoutRegex ? "pkg-without-regex" : "pkg"));
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

/** The version of a crate in Cargo.lock. */
function locked(name) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const found = new RegExp(`name = "${name}"\\nversion = "([^"]+)"`).exec(lock);
  return found?.[1] ?? fail(`Cargo.lock has no ${name}`);
}

/** How to compile: a command, arguments and variables, which only that command sees. */
function compiler() {
  const installed = () => said("rustup", ["target", "list", "--installed"])?.split("\n").includes(TARGET) === true;
  if (installed() || (said("rustup", ["target", "add", TARGET]) !== undefined && installed())) {
    return { name: "rustup", command: "cargo", options: [], env: {} };
  }
  const files = { rustc: "/usr/bin/rustc", cargo: "/usr/bin/cargo", linker: "/usr/bin/wasm-ld-19", sources: "/usr/lib/rustlib/src/rust/library/Cargo.lock" };
  const sources = () => existsSync(files.sources) || existsSync(`${said(files.rustc, ["--print", "sysroot"])}/lib/rustlib/src/rust/library`);
  const isThere = () => [files.rustc, files.cargo, files.linker].every((file) => existsSync(file)) && sources();
  if (!isThere()) {
    const packages = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
    if (said("apt-get", ["--version"]) === undefined || process.getuid?.() !== 0) {
      fail(`no compiler for ${TARGET}: run \`rustup target add ${TARGET}\`, or install ${packages.join(", ")}`);
    }
    run("apt-get", ["update", "-q"]);
    run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages]);
    if (!isThere()) fail(`apt-get installed ${packages.join(", ")}, and the compiler is still not there`);
  }
  return {
    name: said(files.rustc, ["--version"]),
    command: files.cargo,
    options: ["-Z", "build-std=std,panic_abort"],
    env: { RUSTC: files.rustc, RUSTC_BOOTSTRAP: "1", CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: files.linker, CARGO_TARGET_DIR: "" },
  };
}

/** The program that writes the glue, of the crate's own version. */
function bindgen() {
  const version = locked("wasm-bindgen");
  const program = join(tools, "bin", "wasm-bindgen");
  if (said(program, ["--version"]) !== `wasm-bindgen ${version}`) {
    run("cargo", ["install", "--quiet", "wasm-bindgen-cli", "--version", version, "--root", tools], { CARGO_TARGET_DIR: join(tools, "target") });
    rmSync(join(tools, "target"), { recursive: true, force: true });
  }
  return program;
}

/** The module after wasm-opt, which is asked only about what it has not seen. */
function optimized(module) {
  const program = join(here, "node_modules", ".bin", "wasm-opt");
  if (!existsSync(program)) run("npm", ["ci", "--no-audit", "--no-fund", "--prefix", here]);
  const level = "-Oz";
  const version = JSON.parse(readFileSync(join(here, "node_modules", "binaryen", "package.json"), "utf8")).version;
  const key = createHash("sha256").update(readFileSync(module)).update(`${version} ${level}`).digest("hex");
  const kept = join(target, "wasm-opt", `${key}.wasm`);
  if (!existsSync(kept)) {
    rmSync(dirname(kept), { recursive: true, force: true });
    mkdirSync(dirname(kept), { recursive: true });
    run(program, [level, module, "-o", kept]);
  }
  copyFileSync(kept, module);
}

const { name, command, options, env } = compiler();
console.log(`compiling with ${name}`);
const features = ["--no-default-features", "--features", [isWithoutRegex ? [] : ["regex"], isTestkit ? ["testkit"] : []].flat().join(",")];
const folder = join(target, isTestkit ? "testkit" : "shipped");
// No path of this machine goes into what is published.
const home = process.env.CARGO_HOME ?? `${process.env.HOME}/.cargo`;
const maps = [`--remap-path-prefix=${home}/registry/src=`, `--remap-path-prefix=${root}=`];
run(
  command,
  ["build", "--quiet", "-p", "placewright-wasm", "--profile", "wasm", "--target", TARGET, "--target-dir", target, ...features, ...options],
  { ...env, CARGO_ENCODED_RUSTFLAGS: maps.join("\x1f") },
);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
run(bindgen(), [
  "--target", "web", "--experimental-reset-state-function", "--no-typescript", "--remove-name-section", "--remove-producers-section",
  "--out-name", "placewright", "--out-dir", out, join(target, TARGET, "wasm", "placewright_wasm.wasm"),
]);
const module = join(out, "placewright_bg.wasm");
optimized(module);

// What is written by hand, and the metadata.
for (const file of readdirSync(join(here, "js"))) copyFileSync(join(here, "js", file), join(out, file));
for (const file of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(join(root, file), join(out, file));
for (const file of ["README.md", "CHANGELOG.md"]) if (existsSync(join(here, file))) copyFileSync(join(here, file), join(out, file));
const version = locked("placewright-wasm");
writeFileSync(join(out, "version.js"), `export const version = ${JSON.stringify(version)};\n`);
const { name: packageName, description, ...rest } = JSON.parse(readFileSync(join(here, "package.template.json"), "utf8"));
writeFileSync(join(out, "package.json"), `${JSON.stringify({ name: packageName, version, description, ...rest }, null, 2)}\n`);

// It is loaded here: an optimiser that breaks a module says nothing of it.
const { Cluster } = await import(join(out, "node.js"));
if (new Cluster().size !== 0) fail("the module does not work");

/** Bytes of the module and of all the scripts that a page loads. */
const scripts = readdirSync(out).filter((file) => file.endsWith(".js") && file !== "node.js");
const sizes = (compress) => [module, ...scripts.map((file) => join(out, file))].map((file) => compress(readFileSync(file)).length);
const gzip = sizes((bytes) => gzipSync(bytes, { level: 9 }));
const sum = (list) => list.reduce((total, size) => total + size, 0);
console.log(
  `${out}: module ${statSync(module).size} bytes, gzip ${gzip[0]}, brotli ${sizes((bytes) => brotliCompressSync(bytes))[0]}; with scripts gzip ${sum(gzip)} of at most ${BYTES_MAX}`,
);
if (!isTestkit && sum(gzip) > BYTES_MAX) {
  if (process.env.PLACEWRIGHT_SIZE === "any") console.error("the package is too large");
  else fail("the package is too large");
}
