// Long work in slices: between two of them the page is drawn, and the reader may say stop.

/** Called between slices with what is done of a total. A promise that it gives is waited for; what that throws ends the work, which
 * then takes back what it did. */
export type Pace = (done: number, total: number) => Promise<void> | undefined;

/** What a pace throws when the reader says stop. */
export class Stopped extends Error {
  constructor() {
    super("stopped");
  }
}

/** No pauses. */
export const unpaced: Pace = () => undefined;

/** The pace of one part of some work, of `parts` that take as long. */
export const partOf =
  (pace: Pace, part: number, parts: number): Pace =>
  (done, total) =>
    pace(part + done / Math.max(1, total), parts);

/** Sizes of slices that take about as long as a frame, whatever is in them. */
export class Slices {
  #size = 256;
  #begun = performance.now();

  /** The size of the next one, at most what is left. */
  next(left: number): number {
    this.#begun = performance.now();
    return Math.min(this.#size, left);
  }

  /** Says that it is done. */
  done(): void {
    const millis = performance.now() - this.#begun;
    if (millis < 6) this.#size = Math.min(8192, this.#size * 2);
    else if (millis > 16) this.#size = Math.max(1, this.#size >> 1);
  }
}
