export * from "./index.js";

/** Where the module comes from: an address, an answer, bytes, or the compiled module. */
export type Source = string | URL | globalThis.Request | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module;

/** Loads the module: from `source`, or from beside the package's files. Twice is no error; after a failure, which is
 * `load.failed` or `load.unsupported`, it can be tried again. Calls before it is done throw `internal.not_ready`. */
export function init(source?: Source | Promise<Source>): Promise<void>;
/** The same from bytes or a compiled module, at once. Browsers refuse that on the main thread for large modules. */
export function initSync(module: ArrayBuffer | ArrayBufferView | WebAssembly.Module): void;
