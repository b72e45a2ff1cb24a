// The only door to the second module. It is fetched when the first module has come, compiled, and kept, and the worker's script is a part of
// the page, so that opening a panel, or starting another worker after one was ended, asks nothing of the network.

import type { PackWorker } from "placewright/pack/worker";
import { PackWorker as Link } from "../../../pkg/pack-worker-client.js";
import address from "../../../pkg/placewright_pack_bg.wasm?url";
import { portOf } from "../../../pkg/port-web.js";
import Script from "./worker.ts?worker&inline";

let compiled: Promise<WebAssembly.Module> | undefined;
let worker: Promise<PackWorker> | undefined;

/** Fetches and compiles the module, once; after a failure it can be tried again. */
export function fetchModule(): Promise<WebAssembly.Module> {
  compiled ??= compile().catch((error) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the module for packing was not found: ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** The worker; another one where the last was ended by a call that was cancelled. */
export async function packer(): Promise<PackWorker> {
  const before = await worker?.catch(() => undefined);
  if (before?.isUsable === true) return before;
  worker = begin();
  return worker;
}

/** Says that what the worker is doing is wanted no more. One that cannot be told so is ended, or it would be in the way of the next. */
export function abandon(): void {
  const left = worker;
  left?.then(
    (link) => {
      if (link.canStop) return;
      link.terminate();
      if (worker === left) worker = undefined;
    },
    () => undefined,
  );
}

async function begin(): Promise<PackWorker> {
  const module = await fetchModule();
  const script = new Script({ name: "placewright-pack" });
  const link = new Link(portOf(script));
  script.postMessage(module);
  return link.ready;
}
