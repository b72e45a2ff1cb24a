// The worker's side of packing: messages name a call.

import { STOP } from "./pack-watch.js";
import { answerAll, watching } from "./worker-answer.js";
import { KEEP } from "./worker-words.js";

/** Serves calls of packing that come through a port. */
export function serve(api, port) {
  answerAll(port, ({ id, name, args, options, watch }) => {
    if (watch === undefined) return api[name](...args, options);
    const { progress, signal, word } = watching(port, id, watch);
    return api[name](...args, { ...options, progress, signal, [STOP]: () => word() === KEEP });
  });
}
