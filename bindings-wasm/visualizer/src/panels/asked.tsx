// What the panels that plan have in common: items, types, how long to search, and a search that goes on.

import { RANGES } from "../model/plan.ts";
import { TYPES } from "../model/types.ts";
import { entered } from "../model/whole.ts";
import { Chart } from "../parts/chart.tsx";
import { save } from "../parts/save.ts";
import { WholeField } from "../parts/wholefield.tsx";
import { count } from "../parts/words.ts";
import { change, documentOf, job, type Kind, make, type Point } from "../plans.ts";
import { attempt, notice, planned, revision, simulation } from "../state.ts";

/** Steps of a search, with what they are called. A million take about a second. */
const EFFORTS: readonly (readonly [number, string])[] = [
  [262_144, "a look"],
  [4_194_304, "some seconds"],
  [33_554_432, "half a minute"],
  [268_435_456, "minutes"],
];

/** A number that a plan is asked for with. */
export function Amount({ of }: { readonly of: keyof typeof RANGES }) {
  return <WholeField range={RANGES[of]} value={planned.value[of]} onChange={(text) => change({ [of]: entered(text) })} />;
}

/** What is to be packed. */
export function Items() {
  revision.value;
  const { from, list } = planned.value;
  const tasks = simulation.value?.cluster.runningTasks ?? 0;
  return (
    <section>
      <h3>Tasks</h3>
      <label>
        What is packed
        <select value={from} onChange={(event) => change({ from: event.currentTarget.value as typeof from })}>
          <option value="tasks">the {count(tasks)} tasks of the cluster</option>
          <option value="list">a list</option>
        </select>
      </label>
      {from === "tasks" ? (
        <p class="soft">
          Constraints of their definitions and steps, host ports, GPUs and architecture are kept. Other capabilities of an agent
          are taken for granted.
        </p>
      ) : (
        <label>
          Items in JSON, as the command-line tool reads them; demand in CPU units and MiB
          <textarea rows={6} spellcheck={false} value={list} onInput={(event) => change({ list: event.currentTarget.value })} />
        </label>
      )}
    </section>
  );
}

/** What it is packed into. */
export function Types({ hasOwn }: { readonly hasOwn: boolean }) {
  const { into, given, chosen } = planned.value;
  const shown = into === "cluster" && !hasOwn ? "catalogue" : into;
  return (
    <section>
      <h3>Instance types</h3>
      <label>
        Types
        <select value={shown} onChange={(event) => change({ into: event.currentTarget.value as typeof into })}>
          {hasOwn && <option value="cluster">those of the cluster</option>}
          <option value="catalogue">of the catalogue</option>
          <option value="given">given as JSON or CSV</option>
        </select>
      </label>
      {shown === "catalogue" && (
        <fieldset class="types">
          <legend>EC2 in us-east-1, on demand, July 2026</legend>
          {TYPES.map(({ name, price }) => (
            <label key={name} class="check chip">
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={(event) => {
                  const rest = chosen.filter((each) => each !== name);
                  change({ chosen: event.currentTarget.checked ? [...rest, name] : rest });
                }}
              />
              {name} <span class="soft">{price}</span>
            </label>
          ))}
        </fieldset>
      )}
      {shown === "given" && (
        <label>
          Types: id, CPU units, MiB, cost
          <textarea rows={5} spellcheck={false} value={given} onInput={(event) => change({ given: event.currentTarget.value })} />
        </label>
      )}
    </section>
  );
}

/** How long to search, and the button that begins. */
export function Search({ kind, title }: { readonly kind: Kind; readonly title: string }) {
  const { steps, bound } = planned.value;
  const known = EFFORTS.some(([each]) => each === steps);
  return (
    <section>
      <div class="grid two">
        <label>
          Search for
          <select value={steps} onChange={(event) => change({ steps: Number(event.currentTarget.value) })}>
            {EFFORTS.map(([each, name]) => (
              <option key={each} value={each}>
                {name}
              </option>
            ))}
            {!known && <option value={steps}>{count(steps)} steps</option>}
          </select>
        </label>
        {kind !== "rearrange" && (
          <label>
            Bound
            <select value={bound} onChange={(event) => change({ bound: event.currentTarget.value as typeof bound })}>
              <option value="fast">fast</option>
              <option value="lp">by linear programme</option>
            </select>
          </label>
        )}
      </div>
      <div class="row">
        <button
          type="button"
          class="primary"
          onClick={() => {
            notice.value = undefined;
            make(kind);
          }}
        >
          {title}
        </button>
        {kind !== "rearrange" && (
          <button
            type="button"
            onClick={() =>
              attempt(() => {
                const current = simulation.value;
                if (current !== undefined) save(`${kind}.json`, `${documentOf(kind, current).document}\n`);
              })
            }
          >
            Save problem
          </button>
        )}
      </div>
      <Progress kind={kind} />
    </section>
  );
}

/** Scrolls to where a search is followed, once it begins. */
const show = (element: HTMLElement | null): void => element?.scrollIntoView({ block: "nearest" });

/** A search that goes on. */
function Progress({ kind }: { readonly kind: Kind }) {
  const going = job.value;
  if (going === undefined || going.kind !== kind) return null;
  const last = going.points.at(-1);
  return (
    <div class="going" ref={show}>
      {/* What changes all the time is not said each time. */}
      <p>
        <span role="status">Searching…</span> <span aria-hidden="true">{last === undefined ? "" : duration(last.millis)}</span>
      </p>
      {last !== undefined && <SearchChart kind={kind} points={going.points} />}
      <div class="row">
        {going.keep !== undefined && (
          <button type="button" onClick={going.keep}>
            Stop, keep the best
          </button>
        )}
        <button type="button" onClick={going.stop}>
          Cancel
        </button>
      </div>
    </div>
  );
}

const duration = (millis: number): string => (millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`);

/** A value of a plan as it is written. */
export const written = (kind: Kind, value: number): string =>
  kind === "fleet"
    ? value.toLocaleString("en", { maximumFractionDigits: 4 })
    : value.toLocaleString("en", { maximumFractionDigits: 2 });

/** Value and bound over time. */
export function SearchChart({ kind, points }: { readonly kind: Kind; readonly points: readonly Point[] }) {
  // A line begins where there is something packed; before, it is where it will begin.
  const first = points.find(({ value }) => value !== undefined)?.value ?? 0;
  let before = first;
  const values = points.map(({ value }) => {
    before = value ?? before;
    return before;
  });
  const isMoves = kind === "rearrange";
  return (
    <Chart
      title={isMoves ? "Moves found" : kind === "fleet" ? "Cost and bound, $ an hour" : "Value and bound"}
      over="time"
      end={duration(points.at(-1)?.millis ?? 0)}
      x={points.map(({ millis }) => millis)}
      at={points.length - 1}
      format={(value) => written(kind, value)}
      lines={[
        { name: isMoves ? "moves" : kind === "fleet" ? "cost" : "value", values },
        { name: isMoves ? "at most" : "bound", values: points.map(({ bound }) => bound) },
      ]}
    />
  );
}
