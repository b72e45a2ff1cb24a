// The only door to the engine: every other file that needs it imports from here.

export type {
  FleetBins,
  FleetPlan,
  Move,
  PackAnswer,
  PackedBins,
  PackProgress,
  RearrangePlan,
  RearrangeProgress,
  Score,
} from "placewright/pack";
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

import { type Cluster, type Completion, type Diagnosis, PlacewrightError } from "placewright/web";

/** A text with a mark in place of each half of a surrogate pair, which the engine takes for no text; as long as it was. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** An expression as an editor wants it; of any text that a field may hold. */
export const diagnose = (cluster: Cluster, text: string): Diagnosis => cluster.diagnose(wellFormed(text));
/** What may come next in it. */
export const complete = (cluster: Cluster, text: string, at: number): Completion => cluster.complete(wellFormed(text), at);
/** Positions of the instances that it selects. */
export const select = (cluster: Cluster, text: string): Uint32Array => cluster.queryPositions(wellFormed(text));

/** What went wrong in words for the reader. */
export function inWords(error: unknown): string {
  if (error instanceof PlacewrightError) {
    const isPlaced = error.path === undefined || error.message.startsWith(error.path);
    const where = isPlaced ? "" : ` (${error.path})`;
    const text = error.span === undefined ? undefined : error.source?.slice(0, error.span.start);
    // An expression is shown with its place beside it; of JSON the line is said.
    const isJson = error.code.startsWith("json.") && text !== undefined && !error.message.includes(" line ");
    const line = isJson ? ` in line ${text.split("\n").length}` : "";
    const help = error.help === undefined ? "" : `; ${error.help}`;
    return `${error.message}${line}${where}${help}`;
  }
  return error instanceof Error ? error.message : String(error);
}
