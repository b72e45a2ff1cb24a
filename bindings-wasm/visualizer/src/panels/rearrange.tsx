// Rearrange: what to move, so that instances come free or groups lie evenly.

import { change } from "../plans.ts";
import { planned } from "../state.ts";
import { Amount, Search } from "./asked.tsx";

export function RearrangePanel() {
  const { goal, stopFirst } = planned.value;
  return (
    <>
      <p class="soft">
        Tasks to move in the cluster as it is, each to where it has room when its turn comes. Constraints of definitions and steps
        hold.
      </p>
      <section>
        <label>
          What for
          <select value={goal} onChange={(event) => change({ goal: event.currentTarget.value as typeof goal })}>
            <option value="empty">to empty instances</option>
            <option value="spread">to lie evenly over zones</option>
          </select>
        </label>
        <div class="grid two">
          <Amount of="moves" />
          <Amount of="movesPerGroup" />
        </div>
        <label class="check">
          <input type="checkbox" checked={stopFirst} onChange={(event) => change({ stopFirst: event.currentTarget.checked })} />
          Stop a task before it starts elsewhere
        </label>
      </section>
      <Search kind="rearrange" title="Plan the moves" />
    </>
  );
}
