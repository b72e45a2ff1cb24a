// What several views of one cluster are seen through: the same world, part and scale in each, so that they can be compared by eye.

import { signal } from "@preact/signals";
import type { Camera } from "./camera.ts";

/** What a view does for its lens. */
export interface Seen {
  readonly camera: Camera;
  /** Shows all of its world, no larger than at this scale. */
  whole(scaleMax?: number): void;
  /** Shows what another one shows. */
  follow(lead: Camera): void;
}

/** One view, or several that show the same world. */
export class Lens {
  /** Width to height of the narrowest view, in steps, so that a scroll bar does not lay everything out anew. */
  readonly aspect = signal(1.5);
  readonly #views = new Set<Seen>();

  add(view: Seen): void {
    this.#views.add(view);
  }

  remove(view: Seen): void {
    this.#views.delete(view);
  }

  /** A view has another size. */
  measure(): void {
    this.aspect.value = Math.round(Math.min(...this.#sized().map(({ width, height }) => width / height)) * 8) / 8;
  }

  /** Cameras of views that have a size: the others are not on the page yet. */
  #sized(): Camera[] {
    return Array.from(this.#views, ({ camera }) => camera).filter(({ isSized }) => isSized);
  }

  /** Shows everything in every view, at the scale at which the smallest has room for it. */
  fit(): void {
    for (const view of this.#views) view.whole();
    const most = Math.min(...this.#sized().map(({ scale }) => scale));
    for (const view of this.#views) view.whole(most);
  }

  /** A view was moved; the others follow. */
  lead(view: Seen): void {
    for (const other of this.#views) if (other !== view) other.follow(view.camera);
  }
}
