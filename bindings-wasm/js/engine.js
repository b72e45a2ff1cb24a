// The module of clusters.

import { door } from "./door.js";
import { make } from "./error.js";
import { absent } from "./halves.js";
import * as glue from "./placewright.js";

/** The error for a call that is in the second half of the module, while only the first is there. */
function refuse() {
  throw make("edge.not_loaded", "conflict", "the call needs the second half of the engine, which is not loaded", {
    help: "`await loadEdge()`, from `placewright/lean`, and make it again",
  });
}

/** What every way to write a regular expression has: `=~`, `matches`, `!~` and `not_matches`. Other texts may have it, too. */
const REGEX = /[=!]~|matches/i;

/** A call with expressions: of these the second half has the regular expressions. */
const withExpressions = (call) => (cluster, texts, ...rest) => (REGEX.test(texts) ? refuse() : call(cluster, texts, ...rest));

/** The glue, as far as the first half goes. */
const first = {
  ...glue,
  ...Object.fromEntries(absent.map((name) => [name, refuse])),
  query_positions: withExpressions(glue.query_positions),
  prepare_plain: withExpressions(glue.prepare_plain),
};

export const { start, startFirst, join, isReady, isWhole, run, lost, currentGeneration, memory } = door(
  glue,
  {
    ofMemory: "its clusters are lost; make a smaller one",
    ofTrap: "its clusters are lost; make them again, and report this",
    before: "the engine failed in an earlier call, and the cluster with it",
    again: "make the cluster again",
  },
  first,
);
