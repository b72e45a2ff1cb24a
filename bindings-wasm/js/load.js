// Loading a module where it is said when. Whatever comes of it, it is an error of this package that is thrown.

import { PlacewrightError, make } from "./error.js";

/** A module with a type of 128-bit vectors, and nothing else. */
const VECTORS = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123);

/** The error for what went wrong. The host is looked at only then; it may have no WebAssembly at all. */
function refused(cause) {
  if (cause instanceof PlacewrightError) return cause;
  if (!globalThis.WebAssembly?.validate(VECTORS)) {
    return make("load.unsupported", "internal", "this host has no WebAssembly with 128-bit vectors", {
      cause,
      help: "Chrome 91, Firefox 89, Safari 16.4, Node 20 and later have it",
    });
  }
  return make("load.failed", "internal", `the module was not loaded: ${cause?.message ?? cause}`, {
    cause,
    help: "check that the address or the bytes are those of this package's file, and try again",
  });
}

/** `init` and `initSync` of an engine whose module is at an address where nobody says otherwise. What they load may come of a function, so
 * that its failures are told alike. */
export function loader({ isReady, start }, address) {
  let loading;

  const load = async (source) => {
    const handed = await source;
    try {
      const given = typeof handed === "function" ? await handed() : handed;
      if (given instanceof WebAssembly.Module || given instanceof ArrayBuffer || ArrayBuffer.isView(given)) {
        start(given instanceof WebAssembly.Module ? given : await WebAssembly.compile(given));
        return;
      }
      const response = given instanceof Response ? given : await fetch(given);
      if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
      const isStreamable = response.headers.get("Content-Type")?.toLowerCase() === "application/wasm";
      start(isStreamable ? await WebAssembly.compileStreaming(response) : await WebAssembly.compile(await response.arrayBuffer()));
    } catch (cause) {
      throw refused(cause);
    }
  };

  return {
    /** Loads the module: from `source`, or from the address. Twice is no error; after a failure it can be tried again. */
    init(source = address) {
      if (isReady()) return Promise.resolve();
      // Not kept once it has ended: a half that came before the other one may turn out not to be of it.
      loading ??= load(source).finally(() => {
        loading = undefined;
      });
      return loading;
    },

    /** The same from bytes or a compiled module, at once. Browsers refuse that on the main thread for large modules. */
    initSync(module) {
      if (isReady()) return;
      try {
        start(typeof module === "function" ? module() : module);
      } catch (cause) {
        throw refused(cause);
      }
    },
  };
}
