// Errors: of the core, which come as JSON text, and of this side.

/** Only this module makes errors. */
const KEY = Symbol("placewright");

export class PlacewrightError extends Error {
  constructor(key, { code, class: family, message, path, span, source, help, text }, options) {
    if (key !== KEY) throw new TypeError("a PlacewrightError is made by placewright alone");
    super(path === undefined ? message : `${path}: ${message}`, options);
    this.code = code;
    this.class = family;
    this.path = path;
    this.span = span;
    this.source = source;
    this.help = help;
    this.text = text ?? this.message + (help === undefined ? "" : `\n  help: ${help}`);
  }
}

// Of the class, not of each error: a name is nothing an error says.
Object.defineProperty(PlacewrightError.prototype, "name", { value: "PlacewrightError", writable: true, configurable: true });

/** The error that the engine describes. */
export function ofEngine(description) {
  return new PlacewrightError(KEY, JSON.parse(description));
}

/** An error that a worker told of. */
export function ofParts(parts) {
  return new PlacewrightError(KEY, parts);
}

/** What an error is made of, for a worker to tell. */
export function toParts({ code, class: family, path, span, source, help, text, message }) {
  const bare = path !== undefined && message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  return { code, class: family, message: bare, path, span, source, help, text };
}

/** The same error, at another place. */
export function elsewhere(error, path) {
  const { text, ...parts } = toParts(error);
  return new PlacewrightError(KEY, { ...parts, path });
}

/** An error of this side. */
export function make(code, family, message, { path, help, cause } = {}) {
  return new PlacewrightError(KEY, { code, class: family, message, path, help }, cause === undefined ? undefined : { cause });
}

/** The error for a value of another type than JSON has, or than a call wants. */
export function ofType(message, path) {
  return make("json.type", "invalid-input", message, { path: path || undefined });
}

/** The error for a thing that was let go of. */
export function stale(message) {
  return make("not_found.handle", "not-found", message);
}
