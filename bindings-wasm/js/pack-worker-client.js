// The page's side of a worker that packs: the calls of `placewright/pack`, each a promise.

import { WorkerLink } from "./worker-link.js";

/** A worker that packs. */
export class PackWorker extends WorkerLink {
  /** Whether a call can be told to stop and keep the best so far. */
  get canStop() {
    return typeof SharedArrayBuffer === "function";
  }

  pack(problem, options = undefined) {
    return this.#call("pack", [problem], options);
  }

  fleet(mix, catalogue = undefined, options = undefined) {
    return this.#call("fleet", [mix, catalogue], options);
  }

  async rearrange(cluster, options = undefined) {
    return this.#call("rearrange", [await documentOf(cluster)], options);
  }

  async packInto(cluster, requests, options = undefined) {
    return this.#call("packInto", [await documentOf(cluster), requests], options);
  }

  #call(name, args, given) {
    // What is no object is for the other side to refuse.
    const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
    const { progress, signal, ...options } = isObject ? given : {};
    return this._send({ name, args, options: isObject ? options : given }, { progress, signal, keeps: true });
  }
}

/** The document of a cluster, here or in another worker. */
function documentOf(cluster) {
  return typeof cluster?.toJson === "function" ? cluster.toJson() : cluster;
}
