// A plan in place of the cluster: its figures, the cluster it makes, and what it consists of.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { FleetBins, FleetPlan, PackedBins, Score } from "../engine.ts";
import { Legend } from "../parts/legend.tsx";
import { Stage } from "../parts/stage.tsx";
import { brief, count, counted, percent } from "../parts/words.ts";
import { adopt, carryOut, close, type Packed, plan, type Rearranged } from "../plans.ts";
import { look, tab } from "../state.ts";
import { SearchChart, written } from "./asked.tsx";

/** Most rows of a table. */
const ROWS_MAX = 60;

export function PlanView() {
  const shown = plan.value;
  const view = useRef<HTMLElement>(null);
  const answer = shown?.answer;
  // Whoever asked for it is taken to it, wherever the panel stands.
  useEffect(() => view.current?.querySelector<HTMLElement>("h2")?.focus(), [answer]);
  useLayoutEffect(() => {
    const element = view.current;
    // When it goes, whoever was in it is taken back to where it was asked for.
    return () => {
      if (element?.contains(document.activeElement) === true) document.getElementById(`tab-${tab.peek()}`)?.focus();
    };
  }, []);
  if (shown === undefined) return null;
  const { picture, sections } = shown;
  const fresh = shown.kind === "rearrange" ? movedTo(shown) : undefined;
  return (
    <section class="versus planned" aria-label="Plan" ref={view}>
      {shown.kind === "rearrange" ? <MovesHead shown={shown} /> : <PackHead shown={shown} />}
      {picture !== undefined && (
        <>
          <Stage
            label={`Plan of ${counted(picture.size, "instance")}`}
            snapshot={picture}
            sections={sections}
            isToScale={look.value.isToScale}
            fresh={fresh}
          />
          <Legend snapshot={picture} />
        </>
      )}
      <div class="charts">
        {shown.points.length > 0 && <SearchChart kind={shown.kind} points={shown.points} />}
        {shown.kind === "rearrange" ? <MovesTables shown={shown} /> : <PackTables shown={shown} />}
      </div>
    </section>
  );
}

/** Value, bound and gap. */
function Figures({ figures }: { readonly figures: readonly (readonly [string, string, string])[] }) {
  return (
    <dl class="figures">
      {figures.map(([key, name, value]) => (
        <div key={key}>
          <dt>{name}</dt>
          <dd data-plan={key}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function PackHead({ shown }: { readonly shown: Packed }) {
  const { answer, kind, refused, state } = shown;
  const instances = answer.bins.reduce((sum, { count: number }) => sum + number, 0);
  const missing = answer.unpacked.reduce((sum, { count: number }) => sum + number, 0);
  const isMoney = kind === "fleet";
  return (
    <div class="head">
      <h2 tabIndex={-1}>{isMoney ? "Fleet" : "Packing"}</h2>
      <Figures
        figures={[
          ["value", isMoney ? "Cost, $ an hour" : "Value", written(kind, answer.value)],
          ["bound", `Bound (${answer.boundName})`, written(kind, answer.lowerBound)],
          ["gap", "Gap", answer.optimal ? "0 %, proven" : percent(answer.gap, 2)],
          ["instances", "Instances", count(instances)],
          ["solver", "Solver", answer.solver],
        ]}
      />
      {missing > 0 && (
        <ul class="plain bad">
          {answer.unpacked.slice(0, 5).map(({ item, id, count: number, reason }) => (
            <li key={item}>
              {count(number)} × {id === "" ? `item ${item}` : id} not packed: {reason}
            </li>
          ))}
        </ul>
      )}
      {refused.length > 0 && (
        <p class="bad">
          The engine does not start {refused[0]}
          {refused.length > 1 ? `, and those of ${counted(refused.length - 1, "other instance")}` : ""}
        </p>
      )}
      {state === undefined && <p class="soft">The plan is too large to be drawn here.</p>}
      <div class="row">
        {state !== undefined && (
          <button type="button" class="primary" onClick={() => adopt(shown)}>
            Open as a scenario
          </button>
        )}
        <button type="button" onClick={close}>
          Close the plan
        </button>
      </div>
    </div>
  );
}

function PackTables({ shown: { answer, kind, problem } }: { readonly shown: Packed }) {
  const { items } = problem.wanted;
  const bins: readonly (PackedBins & Partial<FleetBins>)[] = answer.bins;
  const isFleet = kind === "fleet";
  return (
    <>
      <table>
        <caption>Instances, those filled alike in one row</caption>
        <thead>
          <tr>
            <th scope="col">type</th>
            <th scope="col" class="number">
              number
            </th>
            {isFleet && (
              <th scope="col" class="number">
                $ an hour each
              </th>
            )}
            <th scope="col">tasks of each</th>
          </tr>
        </thead>
        <tbody>
          {bins.slice(0, ROWS_MAX).map((bin, at) => (
            <tr key={at}>
              <th scope="row">
                {bin.offer ?? bin.type} {(bin.zone ?? "") !== "" && <span class="soft">{bin.zone}</span>}
              </th>
              <td class="number">{count(bin.count)}</td>
              {isFleet && <td class="number">{bin.cost === undefined ? "" : written(kind, bin.cost)}</td>}
              <td>{bin.items.map(([item, number]) => `${count(number)} × ${items[item]?.id || `item ${item}`}`).join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {answer.bins.length > ROWS_MAX && <p class="soft">and {count(answer.bins.length - ROWS_MAX)} more rows</p>}
      {isFleet && <FleetTables answer={answer as FleetPlan} />}
    </>
  );
}

/** Names of alternatives in words. */
const ALTERNATIVES: Readonly<Record<string, string>> = { "single-type": "one type alone", current: "the instances of today" };

function FleetTables({ answer: { alternatives, rooms, changes } }: { readonly answer: FleetPlan }) {
  return (
    <>
      {alternatives.length > 0 && (
        <table>
          <caption>What else it would cost</caption>
          <tbody>
            {alternatives.map(({ name, type, cost, instances, missing }) => (
              <tr key={name}>
                <th scope="row">
                  {ALTERNATIVES[name] ?? name} {type !== null && <span class="soft">{type}</span>}
                </th>
                <td class="number">{written("fleet", cost)}</td>
                <td class="number">{counted(instances, "instance")}</td>
                <td>{missing > 0 ? `without ${counted(missing, "task")}` : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <table>
        <caption>Capacity</caption>
        <thead>
          <tr>
            <th scope="col">of</th>
            {["all", "used", "left", "stranded"].map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rooms.map(({ dimension, capacity, used, left, stranded }) => (
            <tr key={dimension}>
              <th scope="row">{dimension}</th>
              {[capacity, used, left, stranded].map((amount, at) => (
                <td key={at} class="number">
                  {count(amount)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {changes.length > 0 && (
        <table>
          <caption>In place of the instances of today</caption>
          <tbody>
            {changes.map(({ type, from, to }) => (
              <tr key={type}>
                <th scope="row">{type}</th>
                <td class="number">
                  {count(from)} → {count(to)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** Instances that get a task. */
function movedTo({ answer, picture }: Rearranged): ReadonlySet<number> {
  const to = new Set(answer.moves.map((move) => move.to));
  const positions = new Set<number>();
  picture?.instances.id.forEach((id, at) => {
    if (to.has(id)) positions.add(at);
  });
  return positions;
}

function MovesHead({ shown }: { readonly shown: Rearranged }) {
  const { answer, anew, asked, made } = shown;
  const { moves, emptied, before, after, goal, cutShort } = answer;
  const isEmpty = goal === "empty";
  const value = isEmpty ? after.instances : after.skewSum;
  // Nobody knows less than none of it.
  const bound = isEmpty ? Math.min(value, Math.ceil(anew?.lowerBound ?? 0)) : 0;
  const left = moves.length - made;
  return (
    <div class="head">
      <h2 tabIndex={-1}>Moves</h2>
      <Figures
        figures={[
          ["moves", "Moves", count(moves.length)],
          ["emptied", "Instances emptied", count(emptied.length)],
          [
            "value",
            isEmpty ? "Instances in use" : "Skew, all groups",
            `${count(isEmpty ? before.instances : before.skewSum)} → ${count(value)}`,
          ],
          ["bound", isEmpty ? "Bound, packed anew" : "Bound", count(bound)],
          ["gap", "Gap", value === 0 ? "0 %" : percent((value - bound) / value, 1)],
        ]}
      />
      {moves.length === 0 && (
        <p>
          {cutShort ? "Nothing was found in so many steps." : `No plan of at most ${counted(asked, "move")} makes it better.`}
        </p>
      )}
      {cutShort && moves.length > 0 && <p class="soft">There may be more: the limits of moves or steps ended the plan.</p>}
      <div class="row">
        {left > 0 && (
          <>
            <button type="button" class="primary" onClick={() => carryOut(shown, true)}>
              {made === 0 ? `Make ${left === 1 ? "the move" : `all ${count(left)} moves`}` : `Make the other ${count(left)}`}
            </button>
            <button type="button" onClick={() => carryOut(shown, false)}>
              Make the next
            </button>
          </>
        )}
        <button type="button" onClick={close}>
          Close the plan
        </button>
      </div>
    </div>
  );
}

/** What scores say, by name. */
const SCORES: readonly (readonly [string, keyof Score])[] = [
  ["instances in use", "instances"],
  ["CPU units left on them", "cpuLeft"],
  ["MiB left on them", "memoryLeft"],
  ["largest skew of a group", "skewMax"],
  ["skew of all groups", "skewSum"],
];

function MovesTables({ shown: { answer, made } }: { readonly shown: Rearranged }) {
  const { moves, before, after } = answer;
  return (
    <>
      <table>
        <caption>Before and after</caption>
        <thead>
          <tr>
            <th scope="col">what</th>
            <th scope="col" class="number">
              before
            </th>
            <th scope="col" class="number">
              after
            </th>
          </tr>
        </thead>
        <tbody>
          {SCORES.map(([name, key]) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td class="number">{count(before[key])}</td>
              <td class="number">{count(after[key])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {moves.length > 0 && (
        <table>
          <caption>Moves, in order</caption>
          <thead>
            <tr>
              <th scope="col">task</th>
              <th scope="col">from</th>
              <th scope="col">to</th>
            </tr>
          </thead>
          <tbody>
            {moves.slice(0, ROWS_MAX).map(({ task, group, from, to }, at) => (
              <tr key={task} class={at < made ? "soft" : ""}>
                <th scope="row">
                  {group} <span class="soft">{brief(task)}</span>
                </th>
                <td>{brief(from)}</td>
                <td>{brief(to)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {moves.length > ROWS_MAX && <p class="soft">and {count(moves.length - ROWS_MAX)} more moves</p>}
    </>
  );
}
