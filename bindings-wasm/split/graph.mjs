// What of a linked module names what: functions and data, by the relocations that the linker leaves with `--emit-relocs`.
//
// Nothing is guessed. An address in the code or in a table of function pointers is a relocation, so what is not reached through
// them is not reached.

const IMPORT = 2;
const CODE = 10;
const DATA = 11;
/** Kinds of symbols. */
const FUNCTION = 0;
const DATUM = 1;
const SECTION = 3;
const UNDEFINED = 0x10;
const EXPLICIT_NAME = 0x40;
/** Relocations that have an addend, and those that name a function or data. */
const WITH_ADDEND = new Set([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23, 25]);
const NAMING = new Set([0, 1, 2, 3, 4, 5, 11, 12, 26]);

/** Reads one module from front to back. */
class Reader {
  at = 8;

  constructor(bytes) {
    this.bytes = bytes;
  }

  byte() {
    return this.bytes[this.at++];
  }

  unsigned() {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte < 128) return value;
    }
  }

  signed() {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      shift += 7;
      if (byte < 128) return shift < 32 && (byte & 64) !== 0 ? value | (-1 << shift) : value;
    }
  }

  text() {
    const length = this.unsigned();
    this.at += length;
    return this.bytes.toString("utf8", this.at - length, this.at);
  }

  limits() {
    const flags = this.unsigned();
    this.unsigned();
    if ((flags & 1) !== 0) this.unsigned();
  }

  /** Calls `each` so many times as a number says that stands here. */
  list(each) {
    for (let left = this.unsigned(); left > 0; left -= 1) each();
  }
}

/** What a module holds of that. Places are counted from the start of their section's content, as relocations are. */
function parse(bytes) {
  const reader = new Reader(bytes);
  const found = { imports: 0, bodies: [], segments: [], names: new Map(), symbols: [], relocations: new Map(), code: -1, data: -1 };
  for (let index = 0; reader.at < bytes.length; index += 1) {
    const kind = reader.byte();
    const size = reader.unsigned();
    const start = reader.at;
    if (kind === IMPORT) readImports(reader, found);
    if (kind === CODE) {
      found.code = index;
      reader.list(() => {
        const length = reader.unsigned();
        found.bodies.push({ start: reader.at - start, end: reader.at - start + length });
        reader.at += length;
      });
    }
    if (kind === DATA) {
      found.data = index;
      reader.list(() => {
        if (reader.unsigned() !== 0) throw new Error("a segment of data that is not at a fixed address");
        reader.byte();
        const address = reader.signed();
        reader.byte();
        const length = reader.unsigned();
        found.segments.push({ address, start: reader.at - start, bytes: bytes.subarray(reader.at, reader.at + length) });
        reader.at += length;
      });
    }
    if (kind === 0) readCustom(reader, start + size, found);
    reader.at = start + size;
  }
  if (found.symbols.length === 0 || found.names.size === 0) throw new Error("the module was linked without `--emit-relocs`, or has no names");
  return found;
}

function readImports(reader, found) {
  reader.list(() => {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === 0) {
      reader.unsigned();
      found.imports += 1;
    } else if (kind === 1) {
      reader.byte();
      reader.limits();
    } else if (kind === 2) {
      reader.limits();
    } else {
      reader.at += 2;
    }
  });
}

function readCustom(reader, end, found) {
  const name = reader.text();
  if (name.startsWith("reloc.")) {
    const section = reader.unsigned();
    const list = [];
    reader.list(() => {
      const type = reader.byte();
      const one = { type, offset: reader.unsigned(), symbol: reader.unsigned() };
      if (WITH_ADDEND.has(type)) reader.signed();
      if (NAMING.has(type)) list.push(one);
    });
    found.relocations.set(section, list.sort((a, b) => a.offset - b.offset));
    return;
  }
  const part = { name: 1, linking: 8 }[name];
  if (part === undefined) return;
  if (name === "linking") reader.unsigned();
  while (reader.at < end) {
    const kind = reader.byte();
    const size = reader.unsigned();
    const next = reader.at + size;
    if (kind === part && name === "name") reader.list(() => found.names.set(reader.unsigned(), reader.text()));
    if (kind === part && name === "linking") reader.list(() => found.symbols.push(readSymbol(reader)));
    reader.at = next;
  }
}

function readSymbol(reader) {
  const kind = reader.byte();
  const flags = reader.unsigned();
  if (kind === SECTION) return { kind, section: reader.unsigned() };
  if (kind === DATUM) {
    const name = reader.text();
    return (flags & UNDEFINED) !== 0 ? { kind, name } : { kind, name, segment: reader.unsigned(), offset: reader.unsigned(), size: reader.unsigned() };
  }
  const index = reader.unsigned();
  if ((flags & UNDEFINED) === 0 || (flags & EXPLICIT_NAME) !== 0) reader.text();
  return { kind, index };
}

/**
 * The graph of a module: `edges` from each function (`f:` and its name) and each datum (`d:` and its place) to what it names; the
 * data with their places; the segments.
 */
export function graphOf(bytes) {
  const module = parse(bytes);
  const functionNode = (index) => `f:${module.names.get(index) ?? index}`;
  const edges = new Map();
  const add = (node) => edges.set(node, edges.get(node) ?? new Set());
  for (let index = 0; index < module.imports + module.bodies.length; index += 1) add(functionNode(index));
  const data = module.symbols.filter(({ kind, segment }) => kind === DATUM && segment !== undefined);
  for (const datum of data) {
    datum.node = `d:${datum.segment}+${datum.offset}+${datum.size}`;
    add(datum.node);
  }
  const named = ({ symbol }) => {
    const { kind, index, node } = module.symbols[symbol];
    return kind === FUNCTION ? functionNode(index) : node;
  };
  let body = 0;
  for (const one of module.relocations.get(module.code) ?? []) {
    while (module.bodies[body].end <= one.offset) body += 1;
    const target = named(one);
    if (target !== undefined) edges.get(functionNode(module.imports + body)).add(target);
  }
  for (const one of module.relocations.get(module.data) ?? []) {
    const segment = module.segments.findIndex(({ start, bytes: { length } }) => one.offset >= start && one.offset < start + length);
    const at = one.offset - module.segments[segment].start;
    // Texts may share their bytes, so a place may be of several.
    const owners = data.filter((datum) => datum.segment === segment && datum.offset <= at && at < datum.offset + datum.size);
    if (owners.length === 0) throw new Error(`an address at ${at} of segment ${segment} is in no symbol`);
    const target = named(one);
    if (target !== undefined) for (const { node } of owners) edges.get(node).add(target);
  }
  return { edges, data, segments: module.segments };
}

/** A module with these custom sections and no others. */
export function only(bytes, names) {
  const reader = new Reader(bytes);
  const parts = [bytes.subarray(0, 8)];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const kind = reader.byte();
    const end = reader.unsigned() + reader.at;
    if (kind !== 0 || names.includes(reader.text())) parts.push(bytes.subarray(start, end));
    reader.at = end;
  }
  return Buffer.concat(parts);
}

/** What is reached from nodes, without going into those of `cuts`. */
export function reached(edges, roots, cuts = new Set()) {
  const seen = new Set();
  const open = [...roots];
  while (open.length > 0) {
    const node = open.pop();
    if (seen.has(node) || cuts.has(node)) continue;
    seen.add(node);
    open.push(...(edges.get(node) ?? []));
  }
  return seen;
}
