// Why: the steps so far, and for one of them the funnel of candidates, the winner's reasons, and why not where there was none.

import { useComputed } from "@preact/signals";
import type { Explanation, ScoreTerm } from "../engine.ts";
import type { Action } from "../model/scenario.ts";
import type { Step } from "../model/simulation.ts";
import { brief, chain, count, counted, rule, short } from "../parts/words.ts";
import { attempt, pinned, revision, shown, simulation, snapshot } from "../state.ts";
import { WhyNot } from "./whynot.tsx";

/** An action in a few words. */
function inBrief(action: Action): string {
  switch (action.kind) {
    case "place":
      return `${count(action.count)} × ${action.definition}`;
    case "arrivals":
      return counted(action.count, "arrival");
    case "stop":
      return `stop ${brief(action.task)}`;
    case "move":
      return `${brief(action.task)} → ${brief(action.to)}`;
    case "drain":
    case "activate":
      return `${action.kind} ${brief(action.instance)}`;
  }
}

/** What came of a step in a few words. */
function outcome({ placements, rejected, action }: Step): string {
  if (action.kind !== "place" && action.kind !== "arrivals") return "done";
  return rejected === 0 ? `${count(placements.length)} placed` : `${count(placements.length)} placed, ${count(rejected)} not`;
}

export function WhyPanel() {
  revision.value;
  const steps = simulation.value?.steps ?? [];
  const at = shown.value?.step ?? steps.length - 1;
  const step = steps[at];
  return (
    <div class="why">
      <h2>Why</h2>
      {step === undefined ? (
        <p class="soft">Place a task to see which instances could take it, which one won, and what decided.</p>
      ) : (
        <Told key={`${revision.value}-${at}`} at={at} step={step} />
      )}
      {steps.length > 0 && <Steps steps={steps} at={at} />}
    </div>
  );
}

/** Most steps that are listed. */
const LISTED_MAX = 60;

function Steps({ steps, at }: { readonly steps: readonly Step[]; readonly at: number }) {
  const listed = steps.map((step, number) => ({ step, number })).slice(-LISTED_MAX);
  return (
    <section>
      <h3>Steps, the last first</h3>
      <ol class="steps">
        {listed.reverse().map(({ step, number }) => (
          <li key={number}>
            <button
              type="button"
              aria-current={number === at ? "step" : undefined}
              onClick={() => {
                shown.value = { step: number, task: 0 };
              }}
            >
              <span class="ordinal">{number + 1}</span> {inBrief(step.action)}
              <span class={step.rejected > 0 ? "bad" : "soft"}>{outcome(step)}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Number of tasks of a step that can be explained: those placed, and the first that was not. */
function explainable({ action, placements, rejected }: Step): number {
  if (action.kind === "arrivals") return action.count;
  return action.kind === "place" ? placements.length + (rejected > 0 ? 1 : 0) : 0;
}

function Told({ at, step }: { readonly at: number; readonly step: Step }) {
  const tasks = explainable(step);
  // A failure is what is asked about; else the first task.
  const first = step.rejected > 0 && step.action.kind === "place" ? tasks - 1 : 0;
  const task = Math.min(shown.value?.step === at ? (shown.value.task ?? 0) : first, Math.max(0, tasks - 1));
  const explanation = useComputed(() => {
    const wanted = shown.value?.step === at ? Math.min(shown.value.task, tasks - 1) : first;
    let told: Explanation | undefined;
    attempt(() => {
      told = simulation.peek()?.explain(at, wanted);
    });
    return told;
  }).value;
  return (
    <section>
      <p class="headline">
        Step {at + 1}: {inBrief(step.action)} <span class={step.rejected > 0 ? "bad" : "good"}>{outcome(step)}</span>
        <span class="soft"> in {step.millis < 10 ? step.millis.toFixed(2) : Math.round(step.millis)} ms</span>
      </p>
      {(step.action.kind === "place" || step.action.kind === "arrivals") && <p class="soft">{chain(step.action.strategies)}</p>}
      {tasks > 1 && (
        <label class="slider">
          Task {count(task + 1)} of {count(tasks)}
          <input
            type="range"
            min={0}
            max={tasks - 1}
            value={task}
            onInput={(event) => {
              shown.value = { step: at, task: event.currentTarget.valueAsNumber };
            }}
          />
        </label>
      )}
      {explanation !== undefined && <Explained explanation={explanation} />}
    </section>
  );
}

function Explained({ explanation }: { readonly explanation: Explanation }) {
  return (
    <>
      <Funnel explanation={explanation} />
      {explanation.winner !== undefined && <Winner winner={explanation.winner} />}
      {explanation.reasons.length > 0 && <WhyNot explanation={explanation} />}
    </>
  );
}

function Funnel({ explanation: { funnel, winner } }: { readonly explanation: Explanation }) {
  const stages: readonly (readonly [string, number])[] = [
    ["registered", funnel.registered],
    ["considered", funnel.considered],
    ["meet requirements", funnel.meetRequirements],
    ["meet constraints", funnel.meetConstraints],
    ["chosen", winner === undefined ? 0 : 1],
  ];
  return (
    <table class="funnel">
      <caption>Candidates</caption>
      <tbody>
        {stages.map(([label, number]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>
              <span class="meter">
                <span style={{ width: `${(number / Math.max(1, funnel.registered)) * 100}%` }} />
              </span>
            </td>
            <td class="number">{count(number)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Winner({ winner }: { readonly winner: NonNullable<Explanation["winner"]> }) {
  const { arn, score, decidedBy, runnerUp } = winner;
  const key = (terms: readonly ScoreTerm[] | undefined, at: number) => {
    const value = terms?.[at]?.key;
    return value === undefined ? "–" : count(value);
  };
  return (
    <div class="winner">
      <p>
        Winner <Instance arn={arn} />, decided by <strong>{rule(decidedBy)}</strong>
        {runnerUp !== undefined && (
          <>
            ; next best <Instance arn={runnerUp.arn} />
          </>
        )}
      </p>
      <table>
        <caption>Keys, of which the least wins</caption>
        <thead>
          <tr>
            <th scope="col">rule</th>
            <th scope="col">winner</th>
            {runnerUp !== undefined && <th scope="col">next best</th>}
          </tr>
        </thead>
        <tbody>
          {score.map((term, at) => (
            <tr key={term.rule}>
              <th scope="row">{rule(term.rule)}</th>
              <td class="number">{key(score, at)}</td>
              {runnerUp !== undefined && <td class="number">{key(runnerUp.score, at)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** An instance to be shown in the picture. */
export function Instance({ arn }: { readonly arn: string }) {
  return (
    <button
      type="button"
      class="link"
      title={short(arn)}
      onClick={() => {
        const position = snapshot.peek()?.instances.id.indexOf(arn) ?? -1;
        if (position >= 0) pinned.value = position;
      }}
    >
      {brief(arn)}
    </button>
  );
}
