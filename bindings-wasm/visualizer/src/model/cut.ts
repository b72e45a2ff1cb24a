// A document cut into its instances and the rest, each as it was written: read as an object, it would have lost what the engine
// refuses, such as a key that is there twice or an integer with a fraction.

/** The parts of a document. */
export interface Cut {
  readonly instances: readonly string[];
  /** The document with an empty list in their place. */
  readonly rest: string;
}

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE, BEGIN, END] = Array.from('"\\,[]{}', (char) => char.charCodeAt(0));

/** Cuts a text that is JSON, an object with a list of instances; undefined where it has two of them. */
export function cut(text: string): Cut | undefined {
  const instances: string[] = [];
  let key = "";
  let depth = 0;
  // Where the list begins and ends, and where its next instance does; before the list and after it there is none.
  let [first, last, next] = [-1, -1, -1];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const begin = at;
      for (at += 1; text.charCodeAt(at) !== QUOTE; at += 1) if (text.charCodeAt(at) === BACKSLASH) at += 1;
      if (depth === 1) key = text.slice(begin, at + 1);
    } else if (code === OPEN || code === BEGIN) {
      depth += 1;
      if (depth === 2 && code === OPEN && JSON.parse(key) === "containerInstances") {
        if (first >= 0) return undefined;
        first = next = at + 1;
      }
    } else if (code === CLOSE || code === END) {
      depth -= 1;
      if (depth === 1 && next >= 0) {
        instances.push(text.slice(next, at));
        [last, next] = [at, -1];
      }
    } else if (code === COMMA && depth === 2 && next >= 0) {
      instances.push(text.slice(next, at));
      next = at + 1;
    }
  }
  return { instances, rest: text.slice(0, first) + text.slice(last) };
}
