// A comparison as pictures and charts: both clusters at the same moment, and how they came there.

import { useMemo } from "preact/hooks";
import { comparison } from "../comparison.ts";
import { type Moment, pictureOf, type Run } from "../model/compare.ts";
import { Chart } from "../parts/chart.tsx";
import { Stage } from "../parts/stage.tsx";
import { chain, count, percent } from "../parts/words.ts";
import { Lens } from "../render/lens.ts";
import { look, sections } from "../state.ts";

/** What is measured, with its name and how it is written. */
const MEASURES: readonly (readonly [
  string,
  keyof Moment & ("placed" | "instancesUsed" | "stranded" | "skew"),
  (value: number) => string,
])[] = [
  ["Instances used", "instancesUsed", (value) => count(Math.round(value))],
  ["Stranded capacity", "stranded", (value) => percent(value, 1)],
  ["Zone skew, tasks", "skew", (value) => count(Math.round(value))],
  ["Tasks placed", "placed", (value) => count(Math.round(value))],
];

export function Versus() {
  const shown = comparison.value;
  // Both pictures move and scale together.
  const lens = useMemo(() => new Lens(), []);
  if (shown === undefined) return null;
  const [a, b] = shown.runs;
  const last = a.moments.length - 1;
  const at = shown.at ?? last;
  const x = a.moments.map(({ arrived }) => arrived);
  return (
    <div class="versus">
      <div class="sides">
        <Side name="A" rules={shown.chains[0]} run={a} at={at} lens={lens} />
        <Side name="B" rules={shown.chains[1]} run={b} at={at} lens={lens} />
      </div>
      <label class="slider">
        After {count(x[at] ?? 0)} of {count(x[last] ?? 0)} arrivals
        <input
          type="range"
          min={0}
          max={last}
          value={at}
          onInput={(event) => {
            comparison.value = { ...shown, at: event.currentTarget.valueAsNumber };
          }}
        />
      </label>
      <div class="charts">
        {MEASURES.map(([title, key, format]) => (
          <Chart
            key={key}
            title={title}
            x={x}
            at={at}
            format={format}
            lines={[
              { name: "A", values: a.moments.map((moment) => moment[key]) },
              { name: "B", values: b.moments.map((moment) => moment[key]) },
            ]}
          />
        ))}
      </div>
    </div>
  );
}

function Side({
  name,
  rules,
  run,
  at,
  lens,
}: {
  readonly name: string;
  readonly rules: readonly string[];
  readonly run: Run;
  readonly at: number;
  readonly lens: Lens;
}) {
  const picture = useMemo(() => pictureOf(run, at), [run, at]);
  const moment = run.moments[at];
  return (
    <section class="side" aria-label={`Chain ${name}`}>
      <h2>
        <span class={`letter line-${name === "A" ? 0 : 1}`}>{name}</span> {chain(rules)}
      </h2>
      {moment !== undefined && (
        <p class="soft">
          {count(moment.placed)} placed · {count(moment.arrived - moment.placed)} not · {count(moment.instancesUsed)} instances
          used · {percent(moment.stranded, 1)} stranded · skew {count(moment.skew)}
        </p>
      )}
      <Stage
        label={`Cluster under chain ${name}`}
        snapshot={picture}
        sections={sections.value ?? []}
        isToScale={look.value.isToScale}
        lens={lens}
      />
    </section>
  );
}
