// A module as text: the forms that binaryen's `wasm-dis` writes, and their names.

const NAME = String.raw`\$(?:"(?:[^"\\]|\\.)*"|[^\s()]+)`;
const CALLS = new RegExp(String.raw`\((?:return_)?call (${NAME})`, "g");
const nameIn = (text) => new RegExp(NAME).exec(text)[0];

/** The node of a name in a graph: quotes, and what is escaped in them, are the text's own. */
export function nodeOf(name) {
  if (!name.startsWith('$"')) return `f:${name.slice(1)}`;
  return `f:${name.slice(2, -1).replace(/\\([0-9a-f]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))}`;
}

/** Parameters and results of a function, of the line that begins it. */
export function signature(line) {
  const found = { params: [], results: [] };
  for (const [, kind, types] of line.replace(new RegExp(NAME), "").matchAll(/\((param|result)([^()]*)\)/g)) {
    found[`${kind}s`].push(...types.trim().split(/\s+/).filter((type) => !type.startsWith("$")));
  }
  return found;
}

/** A signature as text. */
export function written({ params, results }) {
  return `${params.length > 0 ? ` (param ${params.join(" ")})` : ""}${results.length > 0 ? ` (result ${results.join(" ")})` : ""}`;
}

/** The parts of a module. */
export function read(text) {
  const found = { types: [], imports: new Map(), importLines: new Map(), globals: [], memory: "", tables: [], elements: [], exports: [], functions: new Map() };
  // One form begins on each line that is indented by one blank, and goes on in those indented deeper and in the one that closes it.
  const lines = text.split("\n");
  const starts = lines.flatMap((line, at) => (line.startsWith(" (") ? [at] : []));
  for (const start of starts) {
    let end = start + 1;
    while (end < lines.length && (lines[end].startsWith("  ") || lines[end] === " )")) end += 1;
    const line = lines[start];
    const body = lines.slice(start, end).join("\n");
    const kind = /^ \((\w+)/.exec(line)[1];
    if (kind === "type") found.types.push(body);
    else if (kind === "import") {
      const given = line.slice(line.indexOf("(func"), -1);
      found.imports.set(nameIn(given), given);
      found.importLines.set(nameIn(given), line);
    }
    else if (kind === "global") found.globals.push(line);
    else if (kind === "memory") found.memory = line;
    else if (kind === "table") found.tables.push(line);
    else if (kind === "elem") found.elements.push(line);
    else if (kind === "export") found.exports.push({ line, name: /"([^"]+)"/.exec(line)[1], target: line.includes("(func") ? nameIn(line.slice(line.indexOf("(func"))) : undefined });
    else if (kind === "func") found.functions.set(nameIn(line), { line, body, calls: new Set([...body.matchAll(CALLS)].map(([, name]) => name)) });
    else if (kind !== "data") throw new Error(`a form that is not known: ${line.slice(0, 80)}`);
  }
  return found;
}
