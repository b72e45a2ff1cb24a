// The only door to the engine: every other file that needs it imports from here.

export type {
  Completion,
  Diagnosis,
  Diagnostic,
  Explanation,
  Failure,
  InstanceColumns,
  Placement,
  ScoreTerm,
  TaskColumns,
  Usage,
} from "placewright/web";
export { Cluster, init, PlacewrightError, Request, Savepoint, version } from "placewright/web";

import { PlacewrightError } from "placewright/web";

/** What went wrong in words for the reader. */
export function inWords(error: unknown): string {
  if (error instanceof PlacewrightError) {
    const where = error.path === undefined ? "" : ` (${error.path})`;
    const help = error.help === undefined ? "" : `; ${error.help}`;
    return `${error.message}${where}${help}`;
  }
  return error instanceof Error ? error.message : String(error);
}
