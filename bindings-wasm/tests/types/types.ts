// The types, held against uses that have to compile and uses that must not. Run by tsc alone.

import {
  Cluster, NOT_PLACED, PlacewrightError, Request, Savepoint, compile, diagnose, memorySize, tokens, version,
  type BulkResult, type Completion, type Diagnosis, type ErrorCode, type Explanation, type PlaceResult, type Span, type Token,
} from "placewright";
import { init, initSync, Cluster as WebCluster } from "placewright/web";
import { start, type PlacewrightWorker, type RemoteCluster } from "placewright/worker";

/** Fails to compile where two types differ. */
function same<A, B>(..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]): void {}

const cluster = new Cluster({ seed: 2n ** 63n, route: "auto", release: "last" });
same<ReturnType<typeof Cluster.fromJson>, Cluster>();
Cluster.fromJson({ containerInstances: [] }, { seed: 1, progress: (done, total: undefined) => void [done + 1, total] });
Cluster.fromJson(new Uint8Array());
cluster.register({ name: "i", cpu: 1, memoryMib: 2, attributes: { a: null, b: "c" }, custom: { X: 1 } });
cluster.register({ name: "i", cpu: 1, memoryMib: 2, attributes: ["a"] });
const result: PlaceResult = cluster.place("web", { count: 3, strategies: ["binpack:memory", { type: "random" }], constraints: "distinctInstance" });
same<typeof result.placed, number>();
same<typeof result.reasons, ReadonlyMap<string, number>>();
const first: string | undefined = result.placements[0]?.instance;
const request: Request = cluster.prepare({ taskDefinition: "web" });
cluster.place(request, { signal: new AbortController().signal });
const bulk: BulkResult = cluster.placeBulk([request], new Uint32Array(3), { progress: (done, total) => done > total / 2 });
same<typeof bulk.instance, Uint32Array>();
same<typeof NOT_PLACED, 4294967295>();
cluster.stop(bulk.task);
cluster.stop(["a", 3]);
const why: Explanation = cluster.explain(request);
const miss: string | undefined = why.nearestMiss?.text;
same<typeof why.funnel.considered, number>();
const answer: number = cluster.transaction((savepoint: Savepoint) => (savepoint.isOpen ? 1 : 2));
const span: Span | undefined = new Array<PlacewrightError>()[0]?.span;
const code: ErrorCode = "expr.syntax";
const diagnosis: Diagnosis = diagnose("a");
const canonical: string | undefined = diagnosis.canonical;
const list: Token[] = tokens("a");
const completion: Completion = cluster.complete("a", 1);
same<ReturnType<typeof cluster.fingerprint>, bigint>();
same<ReturnType<typeof cluster.column>, Int32Array>();
cluster.column("custom:LICENSES");
cluster.column("registered:custom:LICENSES");
const sum: number = cluster.withColumn("cpu", (view) => view.reduce((total, value) => total + value, 0));
const names: readonly string[] = compile("a").attributeNames;
const size: number = memorySize();
{
  using scoped = new Cluster();
  using attempt = scoped.begin();
  attempt.commit();
  using prepared = scoped.prepare("web");
  void prepared.group;
}
try {
  cluster.runTask({});
} catch (error) {
  if (error instanceof PlacewrightError) {
    switch (error.code) {
      case "cluster.no_instances":
        break;
      // @ts-expect-error: there is no such code
      case "cluster.no_instance":
        break;
    }
  }
}

// What must not compile.
// @ts-expect-error: options are checked
new Cluster({ sead: 1 });
// @ts-expect-error: so are their values
new Cluster({ route: "quick" });
// @ts-expect-error: a cluster is made of a document, not of a number
Cluster.fromJson(3);
// @ts-expect-error: amounts are needed
cluster.register({ name: "i" });
// @ts-expect-error: options of a request are checked
cluster.place("web", { cuont: 3 });
// @ts-expect-error: a request is made by a cluster
new Request();
// @ts-expect-error: and so is a savepoint
new Savepoint();
// @ts-expect-error: results are not to be changed
result.placed = 3;
// @ts-expect-error: columns have names
cluster.column("disk");
// @ts-expect-error: a transaction does not wait
const waited: unknown = cluster.transaction(async () => 3);
// @ts-expect-error: requests are prepared first
cluster.placeBulk(["web"]);

async function elsewhere(): Promise<void> {
  await init(new URL("https://example.com/placewright_bg.wasm"));
  initSync(new Uint8Array());
  new WebCluster().free();
  const worker: PlacewrightWorker = await start();
  const remote: RemoteCluster = await worker.fromJson({ containerInstances: [] }, { progress: () => {} });
  same<Awaited<ReturnType<typeof remote.size>>, number>();
  same<Awaited<ReturnType<typeof remote.query>>, string[]>();
  const prepared = await remote.prepare("web");
  await remote.place(prepared);
  const placed: PlaceResult = await remote.place("web", { count: 2, signal: new AbortController().signal });
  await remote.placeBulk([prepared], [0]);
  await remote.rollback(await remote.begin());
  await remote.free();
  // @ts-expect-error: requests of this thread do not go to another
  await remote.placeBulk([request]);
  // @ts-expect-error: neither does a callback
  remote.transaction;
  void placed;
}

void [first, miss, answer, span, code, canonical, list, completion, sum, names, size, version, waited, elsewhere];

import * as lean from "placewright/lean";

const kind: lean.Request = new lean.Cluster().prepareTask("a", { cpu: 1, memoryMib: 2, gpus: 1 }, { strategies: "binpack:cpu", seed: 1n });
void [kind, lean.hasEdge() satisfies boolean, lean.init() satisfies Promise<void>, lean.loadEdge(new URL("https://example.org")) satisfies Promise<void>];
// @ts-expect-error A task has no such resource.
new lean.Cluster().prepareTask("a", { disk: 1 });
// @ts-expect-error One task is placed at a time.
new lean.Cluster().prepareTask("a", {}, { count: 2 });
