// Types to buy: the page's own catalogue, or one that was given as JSON or CSV.

import { type BinType, parsed } from "./items.ts";
import { registeredMib, TYPES } from "./types.ts";

/** Types of the page's catalogue by name. Amounts are what an instance registers: 1,024 CPU units a vCPU, MiB. */
export function offers(names: readonly string[]): BinType[] {
  if (names.length === 0) throw new Error("choose at least one instance type");
  return names.map((name) => {
    const shape = TYPES.find((each) => each.name === name);
    if (shape === undefined) throw new Error(`no instance type is called \`${name}\` here`);
    return {
      id: name,
      capacity: [shape.vcpus * 1024, registeredMib(shape)],
      cost: shape.price,
      ...(shape.gpus > 0 ? { gpus: shape.gpus } : {}),
      attributes: {
        "ecs.instance-type": name,
        "ecs.cpu-architecture": shape.architecture,
        "ecs.os-type": "linux",
      },
    };
  });
}

/** Types that were given: JSON as `pack` reads it, or CSV with the columns `id`, `cpu`, `memory`, and perhaps `cost`, `gpus`, `limit` and
 * `arch`. */
export function typesFrom(text: string): BinType[] {
  const first = text.trimStart()[0];
  if (first === "[" || first === "{") return parsed(text, "bins") as BinType[];
  const [header = "", ...lines] = text.trim().split(/\r?\n/);
  const columns = header.split(",").map((name) => name.trim());
  for (const needed of ["id", "cpu", "memory"]) {
    if (!columns.includes(needed))
      throw new Error(`the types have no column \`${needed}\`; the first line names the columns, or give JSON`);
  }
  return lines
    .filter((line) => line.trim() !== "")
    .map((line, at) => {
      const cells = new Map(line.split(",").map((cell, column) => [columns[column], cell.trim()]));
      const number = (name: string, otherwise: number) => {
        const cell = cells.get(name) ?? "";
        const value = cell === "" ? otherwise : Number(cell);
        if (!Number.isFinite(value)) throw new Error(`line ${at + 2} of the types: \`${name}\` is no number: \`${cell}\``);
        return value;
      };
      const arch = cells.get("arch") ?? "";
      const id = cells.get("id") ?? "";
      return {
        id,
        capacity: [number("cpu", Number.NaN), number("memory", Number.NaN)] as const,
        cost: number("cost", 1),
        ...(number("gpus", 0) > 0 ? { gpus: number("gpus", 0) } : {}),
        ...(cells.get("limit") === undefined || cells.get("limit") === "" ? {} : { limit: number("limit", 0) }),
        attributes: { "ecs.instance-type": id, ...(arch === "" ? {} : { "ecs.cpu-architecture": arch }) },
      };
    });
}
