// What a call of the package throws, which is an error of its own and nothing else.

import assert from "node:assert/strict";

/** The error that a call throws; `undefined` where it throws none. */
export function thrown(pw, call) {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof pw.PlacewrightError, error?.stack);
    return error;
  }
  return undefined;
}
