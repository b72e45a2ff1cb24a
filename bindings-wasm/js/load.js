// Loading a module where it is said when.

/** `init` and `initSync` of an engine whose module is at an address where nobody says otherwise. */
export function loader({ isReady, start }, address) {
  let loading;

  const load = async (source) => {
    const given = await source;
    if (given instanceof WebAssembly.Module || given instanceof ArrayBuffer || ArrayBuffer.isView(given)) {
      start(given instanceof WebAssembly.Module ? given : await WebAssembly.compile(given));
      return;
    }
    const response = given instanceof Response ? given : await fetch(given);
    if (!response.ok) throw new Error(`loading ${response.url} failed: ${response.status} ${response.statusText}`);
    const isStreamable = response.headers.get("Content-Type")?.startsWith("application/wasm") === true;
    start(isStreamable ? await WebAssembly.compileStreaming(response) : await WebAssembly.compile(await response.arrayBuffer()));
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
      if (!isReady()) start(module);
    },
  };
}
