// Task definitions as the form makes them.

import type { Definition, TaskForm } from "./scenario.ts";
import { type Range, within } from "./whole.ts";

/** Most of any resource, as the engine has it. */
const AMOUNT_MAX = 2 ** 31 - 1;

/** What the form's amounts are. */
export const AMOUNTS: Readonly<Record<"cpu" | "memory" | "gpus", Range>> = {
  cpu: { name: "CPU units", least: 0, most: AMOUNT_MAX },
  memory: { name: "Memory, MiB", least: 0, most: AMOUNT_MAX },
  gpus: { name: "GPUs", least: 0, most: AMOUNT_MAX },
};

/** The definition that a form describes. Throws in words where the form is not filled in. */
export function ofForm({ family, cpu, memory, gpus, ports }: TaskForm): object {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw new Error("a family has letters, digits, `-` and `_`");
  const hostPorts = ports
    .split(/[\s,]+/)
    .filter((port) => port !== "")
    .map((text) => {
      const port = Number(text);
      if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`\`${text}\` is no host port, 1 to 65535`);
      return { containerPort: port, hostPort: port, protocol: "tcp" };
    });
  return {
    family,
    containerDefinitions: [
      {
        name: family,
        cpu: within(cpu, AMOUNTS.cpu),
        memory: within(memory, AMOUNTS.memory),
        ...(hostPorts.length > 0 ? { portMappings: hostPorts } : {}),
        ...(within(gpus, AMOUNTS.gpus) !== 0 ? { resourceRequirements: [{ type: "GPU", value: String(gpus) }] } : {}),
      },
    ],
  };
}

/** Whether two definitions say the same. */
export function isSame(one: Definition, other: Definition): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
