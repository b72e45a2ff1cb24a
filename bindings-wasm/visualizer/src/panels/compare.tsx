// Compare: two chains on the same arrivals, side by side, as they go.

import { useSignal } from "@preact/signals";
import { comparison } from "../comparison.ts";
import { ChainEditor, spreadable } from "../editor/chain.tsx";
import { type Arrivals, mixed, uniform } from "../model/arrivals.ts";
import { runs } from "../model/compare.ts";
import { type Entered, entered, within } from "../model/whole.ts";
import { WholeField } from "../parts/wholefield.tsx";
import { attemptLong, definitions, draft, drafted, draftedRules, groupings, known, other, simulation, source } from "../state.ts";

/** Most arrivals of a comparison. */
const ARRIVALS_MAX = 100_000;

export function ComparePanel() {
  const current = simulation.value;
  const hasTrace = current?.arrivals !== undefined;
  const kind = useSignal<"trace" | "draft" | "mixed">(hasTrace ? "trace" : "draft");
  const most = Math.min(ARRIVALS_MAX, current?.arrivals?.sequence.length ?? ARRIVALS_MAX);
  const amount = useSignal<Entered>(hasTrace ? most : 200);
  const attributes = spreadable(groupings.value);
  const chosen = kind.value === "trace" && !hasTrace ? "draft" : kind.value;
  // A trace has no more tasks than it has.
  const range = { name: "Number", least: 1, most: chosen === "trace" ? most : ARRIVALS_MAX };

  const arrivals = (): Arrivals => {
    const count = Number(within(amount.value, range));
    if (chosen === "trace" && current?.arrivals !== undefined) {
      return { ...current.arrivals, sequence: current.arrivals.sequence.subarray(0, count) };
    }
    return chosen === "mixed"
      ? mixed(known.value, count, Number(draft.value.seed) >>> 0)
      : uniform(drafted(), count, draft.value.group.trim());
  };
  const start = () =>
    attemptLong("Comparing", async (pace) => {
      const rules = draftedRules();
      const same = arrivals();
      const scenario = { source: source.value, definitions: definitions.value };
      comparison.value = {
        chains: [rules.strategies, other.value],
        runs: await runs(scenario, same, [rules, { ...rules, strategies: other.value }], pace),
        at: undefined,
      };
    });

  return (
    <section>
      <p class="soft">The same tasks arrive at the cluster as it was opened, once under each chain.</p>
      <ChainEditor
        label="Chain A"
        rules={draft.value.strategies}
        attributes={attributes}
        onChange={(strategies) => {
          draft.value = { ...draft.value, strategies };
        }}
      />
      <ChainEditor
        label="Chain B"
        rules={other.value}
        attributes={attributes}
        onChange={(rules) => {
          other.value = rules;
        }}
      />
      <div class="grid two">
        <label>
          Arrivals
          <select
            value={chosen}
            onChange={(event) => {
              kind.value = event.currentTarget.value as typeof kind.value;
            }}
          >
            {hasTrace && <option value="trace">the trace</option>}
            <option value="draft">the task of Place</option>
            {known.value.length > 1 && <option value="mixed">all definitions, drawn</option>}
          </select>
        </label>
        <WholeField
          range={range}
          value={amount.value}
          onChange={(text) => {
            amount.value = entered(text);
          }}
        />
      </div>
      <div class="row">
        <button type="button" class="primary" onClick={start}>
          Compare
        </button>
        {comparison.value !== undefined && (
          <button
            type="button"
            onClick={() => {
              comparison.value = undefined;
            }}
          >
            Close the comparison
          </button>
        )}
      </div>
    </section>
  );
}
