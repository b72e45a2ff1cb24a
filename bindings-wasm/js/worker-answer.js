// The worker's side: messages call, one at a time, in the order they come, and each is answered.
//
// A call that a page cancels looks at shared memory, as a worker in the middle of a call hears no message.

import { toParts } from "./error.js";
import { ABORT } from "./worker-words.js";

/** What a cancelled call throws here. */
const CANCELLED = Symbol("cancelled");

/** Answers what comes through a port, `{ post(message, transfer), listen(handler) }`, with what `call` gives for each message. */
export function answerAll(port, call) {
  port.listen((message) => {
    let answer;
    try {
      answer = { id: message.id, result: call(message) };
    } catch (error) {
      if (error === CANCELLED) answer = { id: message.id, isCancelled: true };
      else if (error?.name === "PlacewrightError") answer = { id: message.id, refused: toParts(error) };
      else answer = { id: message.id, failed: `${error?.message ?? error}` };
    }
    port.post(answer, buffers(answer.result));
  });
  port.post({ isReady: true });
}

/** What watches a call here: `progress`, which posts, `signal`, which looks at shared memory, and `word`, what is there. */
export function watching(port, id, { hasProgress, flag }) {
  const progress = hasProgress ? (...figures) => void port.post({ id, progress: figures }) : undefined;
  if (flag === undefined) return { progress, word: () => 0 };
  const cell = new Int32Array(flag);
  const word = () => Atomics.load(cell, 0);
  const signal = {
    get aborted() {
      return word() === ABORT;
    },
    reason: CANCELLED,
  };
  return { progress, signal, word };
}

/** Memory that is handed over instead of copied; shared memory, of a page's own array, stays shared. */
function buffers(result) {
  const found = [];
  const look = (value) => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) found.push(value.buffer);
    } else if (value instanceof Map) value.forEach(look);
    else if (value !== null && typeof value === "object" && !Array.isArray(value)) Object.values(value).forEach(look);
  };
  look(result);
  return [...new Set(found)];
}
