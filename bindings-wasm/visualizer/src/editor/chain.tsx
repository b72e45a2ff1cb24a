// A chain of strategies, most important first: put in order by dragging, or with the buttons and keys of each rule.

import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { attribute, counted, rule } from "../parts/words.ts";

interface ChainProps {
  readonly label: string;
  readonly rules: readonly string[];
  /** Attributes that can be spread over. */
  readonly attributes: readonly string[];
  readonly onChange: (rules: readonly string[]) => void;
}

/** Chains that many use, as ECS's console names them. */
const PRESETS: readonly (readonly [string, readonly string[]])[] = [
  ["AZ balanced spread", ["spread:attribute:ecs.availability-zone", "spread:instanceId"]],
  ["AZ balanced binpack", ["spread:attribute:ecs.availability-zone", "binpack:memory"]],
  ["Binpack memory", ["binpack:memory"]],
  ["Binpack CPU", ["binpack:cpu"]],
  ["Spread over instances", ["spread:instanceId"]],
  ["Random", ["random"]],
];

/** The list with the rule at one position put at another. */
export function moved(rules: readonly string[], from: number, to: number): string[] {
  const next = [...rules];
  const [taken] = next.splice(from, 1);
  if (taken !== undefined) next.splice(Math.max(0, Math.min(to, next.length)), 0, taken);
  return next;
}

export function ChainEditor({ label, rules, attributes, onChange }: ChainProps) {
  const id = useId();
  const list = useRef<HTMLOListElement>(null);
  const adder = useRef<HTMLSelectElement>(null);
  const moving = useRef<number | undefined>(undefined);
  const dragged = useSignal<number | undefined>(undefined);
  const over = useSignal<number | undefined>(undefined);
  const said = useSignal("");

  const put = (from: number, to: number) => {
    if (to < 0 || to >= rules.length || from === to) return;
    onChange(moved(rules, from, to));
    said.value = `${rule(rules[from] ?? "")} is now number ${to + 1} of ${rules.length}`;
    moving.current = to;
  };
  const takeOut = (at: number) => {
    const left = rules.length - 1;
    onChange(rules.filter((_, each) => each !== at));
    said.value = `${rule(rules[at] ?? "")} is taken out, ${left === 0 ? "no rule is" : counted(left, "rule is", "rules are")} left`;
    moving.current = Math.min(at, left - 1);
  };
  // Before the next key can come, the rule that was moved has the focus again; for one that was taken out, its neighbour, or the field
  // that adds one.
  useLayoutEffect(() => {
    if (moving.current === undefined) return;
    const grip = list.current?.querySelectorAll<HTMLElement>(".grip")[moving.current];
    (grip ?? adder.current)?.focus();
    moving.current = undefined;
  });
  const onKeyDown = (event: KeyboardEvent, at: number) => {
    if (event.key === "ArrowUp" || event.key === "ArrowLeft") put(at, at - 1);
    else if (event.key === "ArrowDown" || event.key === "ArrowRight") put(at, at + 1);
    else if (event.key === "Delete" || event.key === "Backspace") takeOut(at);
    else return;
    event.preventDefault();
  };
  /** The position under a point, for a finger that drags. */
  const under = (y: number): number | undefined => {
    const items = [...(list.current?.querySelectorAll("li") ?? [])];
    const at = items.findIndex((item) => y < item.getBoundingClientRect().bottom);
    return items.length === 0 ? undefined : at === -1 ? items.length - 1 : at;
  };
  const fields = attributes.map((name) => `spread:attribute:${name}`);
  const addable = [...new Set([...fields, "spread:instanceId", "binpack:cpu", "binpack:memory", "random"])];
  return (
    <fieldset class="chain">
      <legend>{label}</legend>
      <ol ref={list}>
        {rules.map((text, at) => (
          <li
            key={`${at}-${text}`}
            class={`${dragged.value === at ? "dragged" : ""} ${over.value === at && dragged.value !== at ? "over" : ""}`}
          >
            <button
              type="button"
              class="grip"
              aria-label={`${rule(text)}, number ${at + 1} of ${rules.length}; arrow keys move it, delete takes it out`}
              onKeyDown={(event) => onKeyDown(event, at)}
              onPointerDown={(event) => {
                event.currentTarget.setPointerCapture(event.pointerId);
                dragged.value = at;
              }}
              onPointerMove={(event) => {
                if (dragged.value !== undefined) over.value = under(event.clientY);
              }}
              onPointerUp={() => {
                const [from, to] = [dragged.value, over.value];
                dragged.value = undefined;
                over.value = undefined;
                if (from !== undefined && to !== undefined) put(from, to);
              }}
              onPointerCancel={() => {
                dragged.value = undefined;
                over.value = undefined;
              }}
            >
              <span aria-hidden="true">⠿</span>
            </button>
            <span class="rule">
              <span class="ordinal">{at + 1}</span> {rule(text)}
            </span>
            <button
              type="button"
              class="icon"
              aria-label={`Move ${rule(text)} up`}
              disabled={at === 0}
              onClick={() => put(at, at - 1)}
            >
              ↑
            </button>
            <button
              type="button"
              class="icon"
              aria-label={`Move ${rule(text)} down`}
              disabled={at === rules.length - 1}
              onClick={() => put(at, at + 1)}
            >
              ↓
            </button>
            <button type="button" class="icon" aria-label={`Take ${rule(text)} out`} onClick={() => takeOut(at)}>
              ×
            </button>
          </li>
        ))}
        {rules.length === 0 && <li class="empty soft">no rule: a seeded draw among all candidates</li>}
      </ol>
      <div class="row">
        <label class="unseen" for={`${id}-add`}>
          Add a rule to {label}
        </label>
        <select
          id={`${id}-add`}
          ref={adder}
          value=""
          onChange={(event) => {
            if (event.currentTarget.value !== "") onChange([...rules, event.currentTarget.value]);
            event.currentTarget.value = "";
          }}
        >
          <option value="">Add a rule…</option>
          {addable.map((text) => (
            <option key={text} value={text}>
              {rule(text)}
            </option>
          ))}
        </select>
        <label class="unseen" for={`${id}-preset`}>
          Preset for {label}
        </label>
        <select
          id={`${id}-preset`}
          value=""
          onChange={(event) => {
            const preset = PRESETS[Number(event.currentTarget.value)];
            if (event.currentTarget.value !== "" && preset !== undefined) onChange(preset[1]);
            event.currentTarget.value = "";
          }}
        >
          <option value="">Preset…</option>
          {PRESETS.map(([name], at) => (
            <option key={name} value={at}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <p class="unseen" role="status">
        {said.value}
      </p>
    </fieldset>
  );
}

/** Attributes that are worth spreading over, the usual ones first. */
export function spreadable(names: readonly string[]): string[] {
  const usual = ["ecs.availability-zone", "ecs.instance-type"].filter((name) => names.includes(name));
  return [...new Set([...usual, ...names])].filter(
    (name) => name !== "status" && name !== "capacityProvider" && attribute(name) !== "",
  );
}
