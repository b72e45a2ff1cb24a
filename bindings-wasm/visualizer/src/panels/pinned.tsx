// The instance that was chosen in the picture, and what can be done to it.

import { Details } from "../parts/details.tsx";
import { act, pinned, snapshot } from "../state.ts";

export function Pinned() {
  const [instance, taken] = [pinned.value, snapshot.value];
  if (instance === undefined || taken === undefined || instance >= taken.size) return null;
  const id = taken.instances.id[instance] ?? "";
  const status = taken.instances.status.words[taken.instances.status.codes[instance] ?? -1];
  return (
    <section class="pinned" aria-live="polite">
      <h2>Instance</h2>
      <Details snapshot={taken} instance={instance} />
      <div class="row">
        {status === "DRAINING" ? (
          <button type="button" onClick={() => act({ kind: "activate", instance: id })}>
            Activate
          </button>
        ) : (
          <button type="button" onClick={() => act({ kind: "drain", instance: id })}>
            Drain
          </button>
        )}
        <StopNewest instance={instance} />
        <button
          type="button"
          onClick={() => {
            pinned.value = undefined;
          }}
        >
          Close
        </button>
      </div>
    </section>
  );
}

function StopNewest({ instance }: { readonly instance: number }) {
  const taken = snapshot.value;
  if (taken === undefined) return null;
  const newest = taken.order
    .subarray(taken.start[instance], taken.start[instance + 1])
    .reduce((most, task) => Math.max(most, task), -1);
  const task = taken.tasks.id[newest];
  return (
    <button type="button" disabled={task === undefined} onClick={() => task !== undefined && act({ kind: "stop", task })}>
      Stop its newest task
    </button>
  );
}
