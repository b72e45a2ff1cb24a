// Fleet: which instances to buy for the tasks, and what anything else would cost.

import { Amount, Items, Search, Types } from "./asked.tsx";

export function FleetPanel() {
  return (
    <>
      <p class="soft">Which instances to buy for the tasks at the least cost, and how much less anything could cost at best.</p>
      <Items />
      <Types hasOwn={false} />
      <section>
        <h3>Of each instance</h3>
        <div class="grid two">
          <Amount of="headroomPercent" />
          <Amount of="zonesMin" />
          <Amount of="daemonCpu" />
          <Amount of="daemonMemory" />
        </div>
      </section>
      <Search kind="fleet" title="Find the fleet" />
    </>
  );
}
