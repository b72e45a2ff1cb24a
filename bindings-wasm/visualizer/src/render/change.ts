// What differs between two scenes, so that only that is drawn anew.

import type { Snapshot } from "../model/snapshot.ts";
import type { Scene } from "./cells.ts";

/** The instances that look different; undefined where everything may. */
export function changed(before: Scene, after: Scene): Uint32Array | undefined {
  const isOtherwise =
    before.layout !== after.layout ||
    before.palette !== after.palette ||
    before.selected !== after.selected ||
    before.isToScale !== after.isToScale ||
    before.ratio !== after.ratio ||
    before.snapshot.resources.length !== after.snapshot.resources.length;
  if (isOtherwise || !isPrefix(before.snapshot.groups, after.snapshot.groups)) return undefined;
  const [one, other] = [before.snapshot, after.snapshot];
  const list: number[] = [];
  for (let at = 0; at < other.size; at += 1) {
    const isSame =
      one.isAway[at] === other.isAway[at] &&
      (before.fresh?.[at] ?? 0) === (after.fresh?.[at] ?? 0) &&
      isSameTasks(one, other, at) &&
      other.resources.every((resource, number) => resource.remaining[at] === one.resources[number]?.remaining[at]);
    if (!isSame) list.push(at);
  }
  return Uint32Array.from(list);
}

/** Whether an instance has tasks of the same groups and sizes in the same order. */
function isSameTasks(one: Snapshot, other: Snapshot, at: number): boolean {
  const [from = 0, to = 0, start = 0] = [one.start[at], one.start[at + 1], other.start[at]];
  if (to - from !== (other.start[at + 1] ?? 0) - start) return false;
  for (let task = 0; task < to - from; task += 1) {
    if (one.group[from + task] !== other.group[start + task]) return false;
    for (const [number, { held }] of other.resources.entries()) {
      if (held[start + task] !== one.resources[number]?.held[from + task]) return false;
    }
  }
  return true;
}

/** Whether the numbers of the groups that both have are the same: a step that is undone takes groups away, one more adds some. */
function isPrefix(one: readonly string[], other: readonly string[]): boolean {
  for (let at = 0; at < Math.min(one.length, other.length); at += 1) if (one[at] !== other[at]) return false;
  return true;
}
