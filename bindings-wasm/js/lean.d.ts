import type { Source } from "./web.js";

export * from "./index.js";
export type { Source } from "./web.js";

// The package with the engine in two halves. The first has what sets a cluster up without documents and places: `new Cluster()`
// without options, `register` of a name, amounts, a zone and attributes, `drain`, `activate`, `prepareTask`, `placeOne`, `placeBulk`,
// `stop` of numbers, `queryPositions`, `column`, `size`, `runningTasks`, savepoints and transactions, `free`. Every other call, options
// and keys beyond these, and expressions with `=~`, `!~` or the letters `matches` throw `edge.not_loaded` until the second half is there; then all is as in
// `placewright`. Nothing has changed where a call throws so.

/** Loads the first half: from `source`, or from beside the package's files. In Node it is loaded already. As `init` of
 * `placewright/web` otherwise. */
export function init(source?: Source | Promise<Source>): Promise<void>;
/** The same from bytes or a compiled module, at once. Browsers refuse that on the main thread for large modules. */
export function initSync(module: ArrayBuffer | ArrayBufferView | WebAssembly.Module): void;
/** Loads the second half: from `source`, or from beside the package's files. Twice is no error; after a failure it can be tried again.
 * Clusters go on as they are. */
export function loadEdge(source?: Source | Promise<Source>): Promise<void>;
/** Whether both halves are there, so that every call can be made. */
export function hasEdge(): boolean;
