// What the colours mean: task groups, and marks of instances.

import type { Snapshot } from "../model/snapshot.ts";
import { colourOf, palette } from "../render/palette.ts";
import { theme } from "./theme.ts";
import { count } from "./words.ts";

/** Most groups that are named. */
const NAMED_MAX = 12;

export function Legend({ snapshot }: { readonly snapshot: Snapshot }) {
  const colours = palette(theme.value === "dark");
  const counts = new Uint32Array(snapshot.groups.length);
  for (const group of snapshot.group) counts[group] = (counts[group] ?? 0) + 1;
  const isAnyAway = snapshot.isAway.includes(1);
  const groups = snapshot.groups.map((name, group) => ({ name, group })).filter(({ group }) => (counts[group] ?? 0) > 0);
  const bars = snapshot.resources.map(({ label }) => label);
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <span class="bars" aria-hidden="true">
          {bars.map((label) => (
            <span key={label} />
          ))}
        </span>{" "}
        {bars.join(", ")}: filled is in use
      </li>
      {groups.slice(0, NAMED_MAX).map(({ name, group }) => (
        <li key={name}>
          <span class="dot" style={{ background: colourOf(colours, group) }} /> {name}{" "}
          <span class="soft">{count(counts[group] ?? 0)}</span>
        </li>
      ))}
      {groups.length > NAMED_MAX && <li class="soft">and {groups.length - NAMED_MAX} more groups</li>}
      {isAnyAway && (
        <li>
          <span class="dot away" style={{ borderColor: colours.away }} /> takes no tasks (draining, or agent away)
        </li>
      )}
    </ul>
  );
}
