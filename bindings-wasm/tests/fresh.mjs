// A copy of the package for one test, which may ruin it.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A module with its memory limited to so many pages of 64 KiB. */
function limited(module, pages) {
  const bytes = new Uint8Array(module);
  const leb = (number) => {
    const out = [];
    let rest = number;
    do {
      out.push((rest & 127) | (rest > 127 ? 128 : 0));
      rest >>>= 7;
    } while (rest > 0);
    return out;
  };
  let at = 8;
  const number = () => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      shift += 7;
      if (byte < 128) return value >>> 0;
    }
  };
  for (;;) {
    const section = at;
    const kind = bytes[at++];
    const length = number();
    const end = at + length;
    if (kind !== 5) {
      at = end;
      continue;
    }
    assert.deepEqual([number(), number()], [1, 0], "one memory without a limit");
    const body = [1, 1, ...leb(number()), ...leb(pages)];
    return Uint8Array.from([...bytes.subarray(0, section), 5, ...leb(body.length), ...body, ...bytes.subarray(end)]);
  }
}

/** The package on its own, one of its modules with limited memory where that is asked for: loads its files by name. */
export async function fresh(t, pages = undefined, module = "placewright_bg.wasm") {
  const folder = mkdtempSync(join(tmpdir(), "placewright-"));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(new URL("../pkg", import.meta.url)), folder, { recursive: true });
  if (pages !== undefined) {
    const file = join(folder, module);
    writeFileSync(file, limited(readFileSync(file), pages));
  }
  return (name) => import(pathToFileURL(join(folder, name)).href);
}
