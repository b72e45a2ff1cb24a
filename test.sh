#!/usr/bin/env bash
# Installs what is missing and runs every test. Usage: ./test.sh [STEP ...]; without arguments, every step.
#
# Needs rustup's stable toolchain. The fuzz step also needs a nightly one, the msrv step apt-get, the python step Python 3.11 or
# later with venv (the package itself runs on 3.9; what tests it does not), its browser test chromium, which it installs where it is
# root and has apt-get, its test without the interpreter's lock a free-threaded CPython 3.14, the wasm and browser steps Node 20.19
# or later (they install the rest), and the benches step counts instructions with valgrind; each says so and is skipped where that
# is absent, and fails where it is there and something is wrong.
set -euo pipefail
cd "$(dirname "$0")"

FUZZ_SECONDS=${FUZZ_SECONDS:-60}
OPERATIONS=${PLACEWRIGHT_OPERATIONS:-2000000}
# Property tests draw the same cases in every run of this script; under `cargo test` alone they draw anew.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-1}
CARGO_FUZZ_VERSION=0.13.2
MSRV=1.85

# Prints the path of an interpreter that can build and test the Python package; fails where there is none.
python_command() {
  local command
  for command in "${PYTHON:-}" python3 python3.{14,13,12,11}; do
    if [ -n "$command" ] && command -v "$command" >/dev/null &&
      "$command" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$command"
      return
    fi
  done
  return 1
}

say() { printf '\n== %s\n' "$*"; }

step_format() {
  cargo fmt --all --check
}

# Every feature alone, none, and all.
FEATURE_SETS=("--no-default-features" "--no-default-features --features regex" "--no-default-features --features lp"
  "--no-default-features --features prefetch" "--no-default-features --features serde" "--features serde" "--all-features")

step_lint() {
  local features
  for features in "${FEATURE_SETS[@]}"; do
    # shellcheck disable=SC2086 -- a set is several words
    cargo clippy --quiet -p placewright --all-targets $features -- -D warnings
  done
  cargo clippy --quiet -p placewright-cli --all-targets -- -D warnings
  cargo clippy --quiet -p placewright-benches --all-targets -- -D warnings
  cargo clippy --quiet -p placewright-wasm -p placewright-wasm-edge -p placewright-wasm-link -p placewright-wasm-pack --all-targets --all-features -- -D warnings
  cargo clippy --quiet -p placewright-wasm -p placewright-wasm-edge -p placewright-wasm-link -p placewright-wasm-pack --all-targets --no-default-features -- -D warnings
  # The bindings of Python need an interpreter to build against.
  local python
  if python=$(python_command); then
    PYO3_PYTHON=$python cargo clippy --quiet -p placewright-python --all-targets -- -D warnings
  else
    echo "clippy of bindings-python skipped: no Python 3.11 or later"
  fi
}

# Without the examples of the documents, which the docs step runs.
step_debug() {
  cargo test --quiet -p placewright --tests --no-default-features
  cargo test --quiet -p placewright --tests --all-features
  # What the npm package has in place of a few loops, in words that are not stable yet.
  RUSTC_BOOTSTRAP=1 RUSTFLAGS="--cfg placewright_vectors --cfg placewright_for_size" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/vectors" \
    cargo test --quiet -p placewright --lib --no-default-features index
}

# What takes long runs optimised, with overflow checks on.
step_release() {
  PLACEWRIGHT_OPERATIONS=$OPERATIONS cargo test --quiet --release -p placewright --tests --all-features
  cargo test --quiet --release -p placewright-cli
}

step_conformance() {
  cargo run --quiet --release -p placewright-cli -- conformance core/testdata/placement
  cargo run --quiet --release -p placewright-cli -- conformance core/testdata/packing
}

step_examples() {
  local example
  for example in place transaction pack openb ecs_json; do
    # With every feature, as the release step built the library.
    cargo run --quiet --release -p placewright --all-features --example "$example"
  done
}

# Prints the interpreters that a wheel for CPython 3.9 and later should run on, one a line, of those the machine has.
wheel_interpreters() {
  local version found command
  for version in 3.{9..14}; do
    found=
    for command in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python "/usr/bin/python$version"; do
      command=$(command -v "$command") || continue
      if "$command" -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
        found=$command
        break
      fi
    done
    if [ -n "$found" ]; then echo "$found"; else echo "wheel not tried on CPython $version: not here" >&2; fi
  done
}

# Prints the free-threaded interpreter there is; fails where there is none that PyO3 supports, which needs 3.14 or later.
free_threaded_command() {
  local command
  for command in python3.{14,15}t "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[45]*t/bin/python; do
    if command -v "$command" >/dev/null &&
      "$command" -c 'import sys, sysconfig; sys.exit(not sysconfig.get_config_var("Py_GIL_DISABLED"))' 2>/dev/null; then
      command -v "$command"
      return
    fi
  done
  return 1
}

# The tests of threads where no lock serialises Python. A wheel for the stable ABI does not load there, so one is built without.
free_threaded() {
  local python home=$PWD/.tools/python-free-threaded wheels=$PWD/.tools/wheels-free-threaded root=$PWD
  if ! python=$(free_threaded_command); then
    echo "threads not tried without the interpreter's lock: no free-threaded CPython 3.14 or later here (PyO3 supports none before," \
      "Debian has no package of one, and no package registry has a build)"
    return
  fi
  [ -x "$home/bin/python" ] || "$python" -m venv "$home"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check numpy pytest typing_extensions
  rm -rf "$wheels"
  (
    cd bindings-python
    "$root/.tools/python/bin/maturin" build --quiet --release --no-default-features --interpreter "$home/bin/python" \
      --target-dir "$root/target/free-threaded" --out "$wheels"
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheels"/*.whl
    "$home/bin/python" -c 'import sys, placewright; assert not sys._is_gil_enabled(), "importing placewright turned the lock on"'
    "$home/bin/python" -X gil=0 -m pytest tests/test_threads.py tests/test_cluster.py tests/test_place.py
  )
}

# The browser for the widget, from Debian's packages; its test is skipped where there is none.
browser() {
  local packages=(chromium fonts-dejavu-core)
  if command -v chromium chromium-browser google-chrome >/dev/null; then return; fi
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "no chromium, and no apt-get or not root to install it: the widget is not tried in a browser"
    return
  fi
  apt-get install -y --no-install-recommends "${packages[@]}" >/dev/null 2>&1 ||
    { apt-get update >/dev/null && apt-get install -y --no-install-recommends "${packages[@]}" >/dev/null; }
}

# The Python package: the sdist, and the wheel, which is built once and tested as it would be published: the tests and the types
# in an environment that has everything, then in a clean one of every interpreter there is.
step_python() {
  local python root=$PWD home=$PWD/.tools/python wheels=$PWD/.tools/wheels clean=$PWD/.tools/python-clean digest packing map
  if ! python=$(python_command); then
    echo "skipped: no Python 3.11 or later with venv"
    return
  fi
  digest=$(cargo run --quiet --release -p placewright-cli -- conformance core/testdata/placement | sed -n 's/^digest //p')
  packing=$(cargo run --quiet --release -p placewright-cli -- conformance core/testdata/packing | sed -n 's/^digest of packing //p')
  [ -x "$home/bin/python" ] || "$python" -m venv "$home"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check -r bindings-python/requirements-test.txt
  browser
  # No path of this machine goes into what is published. Other flags, hence a folder of their own.
  map="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src= --remap-path-prefix=$root="
  map+=" --remap-path-prefix=$(rustc --print sysroot)=/rustc"
  (
    cd bindings-python
    export VIRTUAL_ENV=$home PATH=$home/bin:$PATH
    rm -rf "$wheels"
    # The wheel is built from the sdist, whose files have no times by which cargo could see that they changed.
    cargo clean --quiet --release --target-dir "$root/target/wheel" -p placewright -p placewright-python
    RUSTFLAGS="${RUSTFLAGS:-} $map" maturin build --quiet --release --sdist --target-dir "$root/target/wheel" --out "$wheels"
    python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheels"/*.whl
    PLACEWRIGHT_DIGEST=$digest PLACEWRIGHT_PACKING_DIGEST=$packing python -m pytest
    python -m mypy
    python -m mypy.stubtest placewright --allowlist stubtest-allow.txt
    python -m twine check --strict "$wheels"/*
    python - "$wheels" "$root" "${CARGO_HOME:-$HOME/.cargo}" <<'PYTHON'
import pathlib, sys, tarfile, zipfile

folder, *paths = sys.argv[1:]
(wheel,), (sdist,) = (list(pathlib.Path(folder).glob(name)) for name in ("*.whl", "*.tar.gz"))
with zipfile.ZipFile(wheel) as archive:
    inside = {name: archive.read(name) for name in archive.namelist()}
for name, content in inside.items():
    for path in paths:
        assert path.encode() not in content, f"{name} of the wheel has the path {path} of this machine"
names = [set(inside), set(tarfile.open(sdist).getnames())]
for needed in ("LICENSE-APACHE", "LICENSE-MIT"):
    assert all(any(name.endswith(needed) for name in each) for each in names), f"{needed} is missing"
for needed in ("py.typed", "_native.pyi", "_packing.py", "_sweep.py"):
    assert f"placewright/{needed}" in inside, f"{needed} is missing"
print(f"{wheel.name}: {wheel.stat().st_size // 1024} KiB, no path of this machine")
PYTHON
  )
  # As people install it: from the sdist, and from a checkout. The flags are those of the wheel, so little is built again.
  local source
  for source in "$wheels"/*.tar.gz "$root/bindings-python"; do
    rm -rf "$clean"
    "$python" -m venv "$clean"
    RUSTFLAGS="${RUSTFLAGS:-} $map" CARGO_TARGET_DIR=$root/target/wheel \
      "$clean/bin/python" -m pip install --quiet --disable-pip-version-check "$source"
    (cd / && "$clean/bin/python" -W error -c 'import placewright as pw; assert len(pw.Cluster()) == 0')
    echo "installed from $(basename "$source")"
  done
  wheel_interpreters | while read -r python; do
    rm -rf "$clean"
    "$python" -m venv "$clean"
    "$clean/bin/python" -m pip install --quiet --disable-pip-version-check "$wheels"/*.whl
    (cd / && "$clean/bin/python" -W error -c "
import platform
import placewright as pw
cluster = pw.Cluster()
cluster.register('i-1', cpu=1024, memory_mib=1024)
cluster.register_task_definition({'family': 'a', 'containerDefinitions': [{'name': 'a', 'memory': 512}]})
assert [result.value.placed for result in pw.sweep([pw.Scenario('s', cluster, ['a', 'a', 'a'])])] == [2]
assert cluster.place_bulk([cluster.prepare('a')] * 3).placed == 2
assert pw.pack([3, 7, 5, 5], 10).value == 2 and cluster.rearrange().moves == []
print('placewright', pw.__version__, 'on CPython', platform.python_version())")
  done
  free_threaded
}

# The npm package: built, with what that needs, and tested in node; its types checked.
# Variables of the compiler that makes the module are set in `build.mjs`, for that compiler alone.
step_wasm() {
  if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null; then
    echo "skipped: no Node 20 or later"
    return
  fi
  local digest packing
  digest=$(cargo run --quiet --release -p placewright-cli -- conformance core/testdata/placement | sed -n 's/^digest //p')
  packing=$(cargo run --quiet --release -p placewright-cli -- conformance core/testdata/packing | sed -n 's/^digest of packing //p')
  (
    cd bindings-wasm
    npm ci --silent --no-audit --no-fund
    node build.mjs
    node build.mjs --testkit
    PLACEWRIGHT_DIGEST=$digest PLACEWRIGHT_PACKING_DIGEST=$packing npm test --silent
    npm run types --silent
  )
}

# The visualizer in Chromium, which apt-get fetches where it is missing, and the conformance corpus there.
step_browser() {
  if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a < 20 || (a == 20 && b < 19) ? 1 : 0)' 2>/dev/null; then
    echo "skipped: no Node 20.19 or later"
    return
  fi
  node bindings-wasm/visualizer/test.mjs
}

step_docs() {
  RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps -p placewright --all-features
  cargo test --quiet --doc -p placewright --all-features
}

# What counts instructions, from Debian's packages; the counts are skipped where there is none.
counter() {
  if command -v valgrind >/dev/null; then return; fi
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "no valgrind, and no apt-get or not root to install it: no instructions are counted"
    return
  fi
  apt-get install -y --no-install-recommends valgrind >/dev/null 2>&1 ||
    { apt-get update >/dev/null && apt-get install -y --no-install-recommends valgrind >/dev/null; }
}

# Each bench runs once, as a test; no time is judged. Instructions are counted where valgrind is there.
step_benches() {
  counter
  cargo test --quiet --release -p placewright-benches
  cargo bench --quiet -p placewright-benches --benches -- --test
  # What the tests have built: `cargo run` would build the library once more, since without the benches' own dependencies serde and syn
  # have other features.
  "${CARGO_TARGET_DIR:-target}/release/count"
}

# The oldest compiler that builds the library, from Debian's packages; the resolver keeps dependencies within it.
step_msrv() {
  local home=.tools/rust-$MSRV
  if [ ! -x "$home/usr/bin/rustc" ]; then
    if ! command -v apt-get >/dev/null; then
      echo "skipped: no apt-get to fetch Rust $MSRV with"
      return
    fi
    mkdir -p "$home/packages"
    (
      cd "$home/packages"
      packages=("rustc-web=$MSRV*" "libstd-rust-web-$MSRV" "libstd-rust-web-dev=$MSRV*" libllvm19 libz3-4)
      apt-get download "${packages[@]}" >/dev/null 2>&1 || { apt-get update >/dev/null && apt-get download "${packages[@]}"; }
    )
    for package in "$home"/packages/*.deb; do dpkg -x "$package" "$home"; done
    rm -r "$home/packages"
  fi
  local features
  for features in "--no-default-features" "" "--features serde"; do
    # shellcheck disable=SC2086 -- a set is several words
    RUSTC="$PWD/$home/usr/bin/rustc" LD_LIBRARY_PATH="$PWD/$home/usr/lib/x86_64-linux-gnu" \
      cargo build --quiet -p placewright --lib $features --target-dir target/msrv
  done
  echo "builds with $(LD_LIBRARY_PATH=$home/usr/lib/x86_64-linux-gnu "$home/usr/bin/rustc" --version)"
}

step_fuzz() {
  if ! rustup toolchain list 2>/dev/null | grep -q nightly; then
    echo "skipped: no nightly toolchain; saved inputs still ran as tests"
    return
  fi
  if ! .tools/bin/cargo-fuzz --version 2>/dev/null | grep -q "$CARGO_FUZZ_VERSION"; then
    cargo install --quiet cargo-fuzz --version "$CARGO_FUZZ_VERSION" --root .tools
  fi
  local target pids=() failed=0
  PATH="$PWD/.tools/bin:$PATH" cargo +nightly fuzz build --fuzz-dir fuzz
  for target in cluster_ops ecs_json expr_differential expr_roundtrip; do
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "fuzz/corpus/$target" "fuzz/regressions/$target" \
      -artifact_prefix="fuzz/artifacts/$target/" -max_total_time="$FUZZ_SECONDS" -timeout=20 -max_len=4096 \
      >"fuzz/artifacts/$target.log" 2>&1 &
    pids+=($!)
  done
  for target in "${pids[@]}"; do wait "$target" || failed=1; done
  tail -n 3 fuzz/artifacts/*.log
  return $failed
}

STEPS=(format lint debug release conformance examples python wasm browser docs benches msrv fuzz)
for step in "${@:-${STEPS[@]}}"; do
  if [[ " ${STEPS[*]} " != *" $step "* ]]; then
    echo "no step is called $step; there are: ${STEPS[*]}" >&2
    exit 2
  fi
  say "$step"
  SECONDS=0
  "step_$step"
  echo "$step: ${SECONDS} s"
done
