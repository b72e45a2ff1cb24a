// Plays task by task, whichever panel is open, until nothing is left or has room.

import { effect } from "@preact/signals";
import { arrive, isIdle, place, playing, simulation } from "./state.ts";

/** Milliseconds between two tasks. */
const BEAT = 160;

/** Places one more; whether there is more to come. */
async function step(what: "tasks" | "arrivals"): Promise<boolean> {
  if (what === "tasks") return (await place(1)) && simulation.value?.steps.at(-1)?.rejected === 0;
  const isPlaced = await arrive(1);
  const current = simulation.value;
  return isPlaced && current !== undefined && current.arrived < (current.arrivals?.sequence.length ?? 0);
}

effect(() => {
  const what = playing.value;
  if (what === undefined) return;
  const timer = setInterval(async () => {
    // A step that takes longer than a beat is waited for.
    if (isIdle() && !(await step(what)) && playing.peek() === what) playing.value = undefined;
  }, BEAT);
  return () => clearInterval(timer);
});
