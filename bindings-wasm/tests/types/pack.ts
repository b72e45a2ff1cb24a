// The types of `placewright/pack`, as a user's program meets them. It is compiled, not run.

import { Cluster } from "placewright";
import {
  type Alternative,
  type BinType,
  type FleetPlan,
  type Item,
  type PackAnswer,
  type PackProgress,
  type RearrangePlan,
  PlacewrightError,
  fleet,
  pack,
  packInto,
  rearrange,
  version,
} from "placewright/pack";
import { init, initSync, pack as webPack } from "placewright/pack/web";
import { type PackWorker, start } from "placewright/pack/worker";
import { start as startClusters } from "placewright/worker";

/** Compiles where both types are the same. */
function same<A, B>(..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]): void {}

const items: Item[] = [
  { id: "web", demand: [512, 1024], count: 40, group: "service:web", memberOf: ["attribute:arch == arm64"] },
  { id: 7, demand: [256n, 256], distinctInstance: true, tcpPorts: [443] },
  { demand: [4096, 16_384], gpus: "all" },
];
const bins: BinType[] = [
  { id: "m7g.large", capacity: [2048, 8192], cost: 0.0816, attributes: { arch: "arm64", burstable: null } },
  { id: "i-1", capacity: [900, 2000], cost: 0, limit: 1, running: { edge: 1 }, gpus: [1000, 500] },
];
const dimensions = ["cpu", "memory"];

const answer: PackAnswer = pack(
  { dimensions, items, bins, groups: [{ group: "service:web", spread: { skewMax: 1 }, apartFrom: ["edge"] }], options: { steps: null } },
  { solver: "auto", seed: 2n ** 60n, milliseconds: 500, bound: "lp", progress: ({ value, gap }) => value === undefined || gap !== 0 },
);
same<typeof answer.optimal, boolean>();
for (const { type, count, items } of answer.bins) {
  for (const [item, number] of items) console.log(type, count, item, number);
}
pack('{"dimensions": []}', { start: answer.bins, signal: new AbortController().signal });
pack(new Uint8Array(), { progress: (progress: PackProgress) => console.log(progress.solver) });
const plan: FleetPlan = fleet({ dimensions, items }, bins, { headroomPercent: 10, zones: ["a"], zonesMin: 1, current: [{ type: "m7g.large" }] });
const offers: (string | null)[] = plan.bins.map(({ offer }) => offer);
const alternative: Alternative | undefined = plan.alternatives[0];
fleet({ dimensions, items, catalogue: bins, fleet: { daemon: [100, 128] } });

const cluster = new Cluster();
const moves: RearrangePlan = rearrange(cluster, { goal: "spread", skewMax: null, progress: ({ moves }) => moves < 3 });
rearrange(cluster.toJson());
rearrange({ containerInstances: [] }, { services: [{ serviceName: "web", placementConstraints: [{ type: "distinctInstance" }] }] });
const ids: string[] = cluster.applyPlan(moves);
for (const { move, task } of cluster.planSteps(moves)) console.log(move.from, move.to, task);
const requests = [{ taskDefinition: "web", count: 3 }, '{"taskDefinition": "web"}'];
const packed = packInto(cluster, requests);
cluster.applyPlan({ moves: moves.moves });
const started: { task: string; instance: string; request: number }[] = cluster.applyPacking(packed, requests, { progress: (done) => console.log(done) });

// What must not compile.
// @ts-expect-error: options are checked
pack({ dimensions, items, bins }, { solvr: "auto" });
// @ts-expect-error: and solvers have names
pack({ dimensions, items, bins }, { solver: 3 });
// @ts-expect-error: the keys of a problem, too
pack({ dimensions, items, bin: bins });
// @ts-expect-error: demands are needed
pack({ dimensions, items: [{ id: "a" }], bins });
// @ts-expect-error: headroom is for fleets
pack({ dimensions, items, bins }, { headroomPercent: 3 });
// @ts-expect-error: answers are not to be changed
answer.value = 3;
// @ts-expect-error: goals have names
rearrange(cluster, { goal: "full" });

async function elsewhere(): Promise<void> {
  await init(fetch("placewright_pack_bg.wasm"));
  initSync(new Uint8Array());
  webPack({ dimensions, items, bins });
  const worker: PackWorker = await start();
  same<Awaited<ReturnType<typeof worker.pack>>, PackAnswer>();
  same<typeof worker.canStop, boolean>();
  const remote = await (await startClusters()).cluster();
  const plan = await worker.rearrange(remote, { milliseconds: 100, progress: ({ steps }) => steps < 10 });
  same<Awaited<ReturnType<typeof remote.applyPlan>>, string[]>();
  await remote.applyPlan(plan);
  await remote.applyPacking(await worker.packInto(cluster, requests), requests);
  await worker.fleet({ dimensions, items }, bins, { signal: new AbortController().signal });
  worker.terminate();
  // @ts-expect-error: a generator does not go to another thread
  remote.planSteps;
  if ((null as unknown) instanceof PlacewrightError) return;
}

void [plan, offers, alternative, ids, started, version, elsewhere];
