// Parts of the package that no user needs: its second module without what finds it, and both sides of its worker. The page finds the
// module itself, so that nothing is asked of the network once it has loaded.

declare module "*/pkg/pack-engine.js" {
  /** Uses a compiled module. */
  export function start(module: WebAssembly.Module): void;
}

declare module "*/pkg/pack-api.js" {
  const calls: unknown;
  export = calls;
}

declare module "*/pkg/pack-worker-serve.js" {
  export function serve(api: unknown, port: unknown): void;
}

declare module "*/pkg/port-web.js" {
  export function portOf(worker: Worker): unknown;
  export function ownPort(): unknown;
}

declare module "*/pkg/pack-worker-client.js" {
  /** The class of `placewright/pack/worker`, which there only `start` makes. */
  export const PackWorker: new (
    port: unknown,
  ) => import("placewright/pack/worker").PackWorker & { readonly ready: Promise<import("placewright/pack/worker").PackWorker> };
}
