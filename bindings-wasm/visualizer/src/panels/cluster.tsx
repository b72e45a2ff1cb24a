// Load: samples, the trace, files, and synthetic clusters; and how the instances are shown.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { load } from "../files.ts";
import { RANGES } from "../model/synthetic.ts";
import { TYPES } from "../model/types.ts";
import { type Entered, entered, within } from "../model/whole.ts";
import { WholeField } from "../parts/wholefield.tsx";
import { attribute, count } from "../parts/words.ts";
import { attempt, attemptLong, groupings, look, openSource } from "../state.ts";

export function ClusterPanel() {
  return (
    <>
      <Look />
      <section>
        <h3>Open</h3>
        <div class="row">
          <button type="button" onClick={() => attemptLong("Opening the sample", (pace) => openSource({ kind: "sample" }, pace))}>
            Sample, 9 instances
          </button>
          <button type="button" onClick={() => attemptLong("Opening the trace", (pace) => openSource({ kind: "openb" }, pace))}>
            OpenB trace, 1,523 GPU nodes
          </button>
        </div>
        <Files />
      </section>
      <Synthetic />
    </>
  );
}

function Look() {
  const { groupBy, isToScale } = look.value;
  return (
    <section>
      <h3>Show</h3>
      <label>
        Group by
        <select
          value={groupBy}
          onChange={(event) => {
            look.value = { ...look.value, groupBy: event.currentTarget.value };
          }}
        >
          <option value="">nothing</option>
          {groupings.value.map((name) => (
            <option key={name} value={name}>
              {attribute(name)}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isToScale}
          onChange={(event) => {
            look.value = { ...look.value, isToScale: event.currentTarget.checked };
          }}
        />
        Bars to scale of the largest instance
      </label>
    </section>
  );
}

function Files() {
  const chooser = useRef<HTMLInputElement>(null);
  const text = useSignal("");
  return (
    <>
      <p class="soft">
        Or drop files anywhere: what <code>aws ecs describe-container-instances</code>, <code>describe-tasks</code> and{" "}
        <code>describe-task-definition</code> print, an exported state, a scenario, or the CSV lists of the OpenB trace. Nothing
        leaves this page.
      </p>
      <div class="row">
        <button type="button" onClick={() => chooser.current?.click()}>
          Choose files…
        </button>
        <input
          ref={chooser}
          class="unseen"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="Files to open"
          accept=".json,.csv,.txt"
          onChange={(event) => {
            load([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
      </div>
      <details>
        <summary>Paste JSON</summary>
        <label>
          ECS JSON
          <textarea
            rows={6}
            spellcheck={false}
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        </label>
        <button
          type="button"
          disabled={text.value.trim() === ""}
          onClick={async () => {
            if (await load([new File([text.value], "pasted.json")])) text.value = "";
          }}
        >
          Open what was pasted
        </button>
      </details>
    </>
  );
}

function Synthetic() {
  const recipe = useSignal<Readonly<Record<keyof typeof RANGES, Entered>>>({ count: 300, zones: 3, seed: 1 });
  const types = useSignal<readonly string[]>(["m6i.xlarge", "c6i.2xlarge", "r6i.xlarge"]);
  const change = (part: Partial<typeof recipe.value>) => {
    recipe.value = { ...recipe.value, ...part };
  };
  const field = (of: keyof typeof RANGES) => (
    <WholeField range={RANGES[of]} value={recipe.value[of]} onChange={(text) => change({ [of]: entered(text) })} />
  );
  const number = (of: keyof typeof RANGES): number => Number(within(recipe.value[of], RANGES[of]));
  return (
    <section>
      <h3>Generate</h3>
      {/* What is wrong is said as everywhere on the page, not by the browser. */}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          attempt(() => {
            const numbers = { count: number("count"), zones: number("zones"), seed: number("seed") };
            const source = { kind: "synthetic", types: types.value, ...numbers } as const;
            attemptLong(`Making ${count(numbers.count)} instances`, (pace) => openSource(source, pace));
          });
        }}
      >
        <div class="grid three">
          {field("count")}
          {field("zones")}
          {field("seed")}
        </div>
        <fieldset class="types">
          <legend>Types</legend>
          {TYPES.map(({ name }) => (
            <label key={name} class="check chip">
              <input
                type="checkbox"
                checked={types.value.includes(name)}
                onChange={(event) => {
                  const rest = types.value.filter((each) => each !== name);
                  types.value = event.currentTarget.checked ? [...rest, name] : rest;
                }}
              />
              {name}
            </label>
          ))}
        </fieldset>
        <div class="row">
          <button type="submit" class="primary">
            Generate
          </button>
          {[100, 1000, 10_000].map((size) => (
            <button key={size} type="button" onClick={() => change({ count: size })}>
              {count(size)}
            </button>
          ))}
        </div>
      </form>
    </section>
  );
}
