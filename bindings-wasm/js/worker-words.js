// What a call in a worker finds in shared memory; 0 to go on.

/** Nobody wants the answer any more. */
export const ABORT = 1;
/** Time is up; the best so far will do. */
export const KEEP = 2;
