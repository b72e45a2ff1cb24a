// Place: what, how many, by which rules; step by step, forward and back.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ChainEditor, spreadable } from "../editor/chain.tsx";
import { ExpressionEditor } from "../editor/expression.tsx";
import { AMOUNTS } from "../model/definition.ts";
import { type Draft, SEED, type TaskForm } from "../model/scenario.ts";
import { entered } from "../model/whole.ts";
import { WholeField } from "../parts/wholefield.tsx";
import { count } from "../parts/words.ts";
import { arrive, draft, groupings, known, place, playing, redo, revision, simulation, undo } from "../state.ts";

const change = (part: Partial<Draft>) => {
  draft.value = { ...draft.value, ...part };
};

export function PlacePanel() {
  return (
    <>
      <Buttons />
      <TaskSection />
      <RulesSection />
    </>
  );
}

function Play({ what, isDisabled = false }: { readonly what: "tasks" | "arrivals"; readonly isDisabled?: boolean }) {
  const isPlaying = playing.value === what;
  return (
    <button
      type="button"
      aria-pressed={isPlaying}
      disabled={isDisabled}
      onClick={() => {
        playing.value = isPlaying ? undefined : what;
      }}
    >
      {isPlaying ? "❚❚ Pause" : "▶ Play"}
      {what === "arrivals" && <span class="unseen"> arrivals</span>}
    </button>
  );
}

/** A button that may have nothing more to do once it is pressed; it keeps the focus then, which a disabled one loses. */
function Act({
  isOff,
  act,
  children,
}: {
  readonly isOff: boolean;
  readonly act: () => void;
  readonly children: ComponentChildren;
}) {
  return (
    <button type="button" aria-disabled={isOff} onClick={isOff ? undefined : act}>
      {children}
    </button>
  );
}

function Buttons() {
  revision.value;
  const current = simulation.value;
  const total = current?.arrivals?.sequence.length ?? 0;
  const left = total - (current?.arrived ?? 0);
  return (
    <section class="buttons">
      <h3 class="unseen">Place tasks</h3>
      <div class="row">
        <button type="button" class="primary" onClick={() => place(1)}>
          Place 1
        </button>
        <button type="button" class="primary" onClick={() => place(10)}>
          10
        </button>
        <button type="button" class="primary" onClick={() => place(100)}>
          100
        </button>
        <button type="button" class="primary" onClick={() => place(1000)}>
          1,000
        </button>
      </div>
      <div class="row">
        <Play what="tasks" />
        <Act isOff={(current?.steps.length ?? 0) === 0} act={undo}>
          ↶ Undo
        </Act>
        <Act isOff={(current?.undone.length ?? 0) === 0} act={redo}>
          ↷ Redo
        </Act>
      </div>
      {total > 0 && (
        <div class="arrivals">
          <p>
            Trace: {count(total - left)} of {count(total)} tasks have arrived.
          </p>
          <div class="row">
            <Play what="arrivals" isDisabled={left === 0} />
            {[1, 100, 1000].map((size) => (
              <Act key={size} isOff={left === 0} act={() => arrive(size)}>
                Next {count(size)}
              </Act>
            ))}
            <Act isOff={left === 0} act={() => arrive(left)}>
              All
            </Act>
          </div>
        </div>
      )}
    </section>
  );
}

function TaskSection() {
  const { from, known: name, form, json, group } = draft.value;
  return (
    <section>
      <h3>Task</h3>
      <label>
        Definition
        <select
          value={from === "known" ? `known:${name}` : from}
          onChange={(event) => {
            const { value } = event.currentTarget;
            if (value === "form" || value === "json") change({ from: value });
            else change({ from: "known", known: value.slice("known:".length) });
          }}
        >
          {known.value.map((each) => (
            <option key={each} value={`known:${each}`}>
              {each}
            </option>
          ))}
          <option value="form">New, from a form</option>
          <option value="json">New, from JSON</option>
        </select>
      </label>
      {from === "form" && <Form form={form} />}
      {from === "json" && (
        <label>
          Task definition
          <textarea
            rows={9}
            spellcheck={false}
            value={json}
            placeholder='{"family": "app", "containerDefinitions": [{"name": "app", "cpu": 256, "memory": 512}]}'
            onInput={(event) => change({ json: event.currentTarget.value })}
          />
        </label>
      )}
      <label>
        Task group
        <input
          type="text"
          value={group}
          placeholder="family:NAME"
          onInput={(event) => change({ group: event.currentTarget.value })}
        />
      </label>
    </section>
  );
}

function Form({ form }: { readonly form: TaskForm }) {
  const set = (part: Partial<TaskForm>) => change({ form: { ...form, ...part } });
  const number = (key: keyof typeof AMOUNTS) => (
    <WholeField range={AMOUNTS[key]} value={form[key]} onChange={(text) => set({ [key]: entered(text) })} />
  );
  return (
    <div class="grid two">
      <label>
        Family
        <input type="text" value={form.family} onInput={(event) => set({ family: event.currentTarget.value })} />
      </label>
      {number("cpu")}
      {number("memory")}
      {number("gpus")}
      <label class="wide">
        Static host ports
        <input
          type="text"
          value={form.ports}
          placeholder="80, 443"
          onInput={(event) => set({ ports: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}

function RulesSection() {
  const { strategies, isDistinct, memberOf, seed } = draft.value;
  const constraints = useRef<HTMLFieldSetElement>(null);
  const next = useRef<string | undefined>(undefined);
  // What was added can be written at once, and where something was taken out the next key is not lost.
  useLayoutEffect(() => {
    if (next.current === undefined) return;
    const found = constraints.current?.querySelectorAll<HTMLElement>(next.current);
    found?.[found.length - 1]?.focus();
    next.current = undefined;
  });
  return (
    <section>
      <h3>Rules</h3>
      <ChainEditor
        label="Strategies, most important first"
        rules={strategies}
        attributes={spreadable(groupings.value)}
        onChange={(rules) => change({ strategies: rules })}
      />
      <fieldset ref={constraints}>
        <legend>Constraints</legend>
        <label class="check">
          <input type="checkbox" checked={isDistinct} onChange={(event) => change({ isDistinct: event.currentTarget.checked })} />
          distinctInstance: no two tasks of the group on one instance
        </label>
        {memberOf.map((expression, at) => (
          <div class="member" key={at}>
            <ExpressionEditor
              label={`memberOf ${at + 1}`}
              isLabelSeen
              value={expression}
              placeholder="attribute:ecs.instance-type =~ m6i.*"
              whenEmpty="Empty: it is left out."
              onChange={(value) => change({ memberOf: memberOf.map((each, other) => (other === at ? value : each)) })}
            />
            <button
              type="button"
              class="icon"
              aria-label={`Take memberOf ${at + 1} out`}
              onClick={() => {
                change({ memberOf: memberOf.filter((_, other) => other !== at) });
                // The rows after it move up, under the focus; the last one takes it along.
                if (at === memberOf.length - 1) next.current = at === 0 ? ".add" : ".member > button";
              }}
            >
              ×
            </button>
          </div>
        ))}
        <button
          type="button"
          class="small add"
          onClick={() => {
            change({ memberOf: [...memberOf, ""] });
            next.current = ".member input";
          }}
        >
          Add memberOf
        </button>
      </fieldset>
      <WholeField range={SEED} value={seed} onChange={(text) => change({ seed: text })} />
    </section>
  );
}
