// The cluster in a few figures.

import { skewOf } from "../model/snapshot.ts";
import { simulation, snapshot, usage } from "../state.ts";
import { count, percent } from "./words.ts";

export function Figures() {
  const [sums, taken] = [usage.value, snapshot.value];
  if (sums === undefined || taken === undefined) return null;
  const share = (part: number, whole: number) => percent(whole === 0 ? 0 : part / whole);
  const zones = taken.instances.zone.words;
  const gpu = taken.resources.find(({ key }) => key === "gpus");
  const sum = (amounts: Int32Array) => amounts.reduce((total, amount) => total + amount, 0);
  const figures: readonly (readonly [string, string, string])[] = [
    ["used", "Instances used", `${count(sums.instancesUsed)} of ${count(sums.instances)}`],
    ["tasks", "Tasks", count(simulation.value?.cluster.runningTasks ?? 0)],
    ["cpu", "CPU", share(sums.cpu.used, sums.cpu.registered)],
    ["memory", "Memory", share(sums.memoryMib.used, sums.memoryMib.registered)],
    ...(gpu === undefined ? [] : [["gpu", "GPU", share(sum(gpu.registered) - sum(gpu.remaining), sum(gpu.registered))] as const]),
    [
      "stranded",
      "Stranded CPU, memory",
      `${share(sums.cpu.stranded, sums.cpu.registered)}, ${share(sums.memoryMib.stranded, sums.memoryMib.registered)}`,
    ],
    ...(zones.length > 1 ? [["skew", "Zone skew", count(skewOf(zones, sums.zones))] as const] : []),
  ];
  return (
    <dl class="figures">
      {figures.map(([key, name, value]) => (
        <div key={key}>
          <dt>{name}</dt>
          <dd data-figure={key}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
