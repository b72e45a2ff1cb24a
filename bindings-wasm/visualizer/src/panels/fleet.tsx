// Fleet: which instances to buy for the tasks, and what anything else would cost.

import { change } from "../plans.ts";
import { planned } from "../state.ts";
import { Items, Search, Types, WholeNumber } from "./asked.tsx";

export function FleetPanel() {
  const { headroomPercent, daemonCpu, daemonMemory, zonesMin } = planned.value;
  return (
    <>
      <p class="soft">Which instances to buy for the tasks at the least cost, and how much less anything could cost at best.</p>
      <Items />
      <Types hasOwn={false} />
      <section>
        <h3>Of each instance</h3>
        <div class="grid two">
          <WholeNumber
            label="Headroom, %"
            value={headroomPercent}
            most={90}
            onChange={(value) => change({ headroomPercent: value })}
          />
          <WholeNumber label="Zones, at least" value={zonesMin} most={6} onChange={(value) => change({ zonesMin: value })} />
          <WholeNumber
            label="Daemon, CPU units"
            value={daemonCpu}
            most={1_000_000}
            onChange={(value) => change({ daemonCpu: value })}
          />
          <WholeNumber
            label="Daemon, MiB"
            value={daemonMemory}
            most={10_000_000}
            onChange={(value) => change({ daemonMemory: value })}
          />
        </div>
      </section>
      <Search kind="fleet" title="Find the fleet" />
    </>
  );
}
