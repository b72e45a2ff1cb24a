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
  import type { FleetAnswer, MoveProgress, PackAnswer, PackProgress, RearrangeAnswer } from "../model/answers.ts";

  interface Watched<Progress> {
    readonly progress?: (progress: Progress) => boolean | undefined;
    readonly signal?: AbortSignal;
  }

  export class PackWorker {
    constructor(port: unknown);
    readonly ready: Promise<PackWorker>;
    readonly isUsable: boolean;
    readonly canStop: boolean;
    pack(problem: string, options?: Watched<PackProgress>): Promise<PackAnswer>;
    fleet(mix: string, catalogue: undefined, options?: Watched<PackProgress>): Promise<FleetAnswer>;
    rearrange(cluster: string, options?: Watched<MoveProgress> & Readonly<Record<string, unknown>>): Promise<RearrangeAnswer>;
    terminate(): void;
  }
}
