// An editor for cluster queries: the engine colours what is written, says what is wrong and where, and what may come next.

import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import type { Completion, Diagnosis } from "../engine.ts";
import { counted } from "../parts/words.ts";
import { completionOf, diagnosisOf } from "../state.ts";
import { Problems } from "./problem.tsx";

interface ExpressionProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly isLabelSeen?: boolean;
  /** What is said where nothing is written. */
  readonly whenEmpty?: string;
  readonly onChange: (value: string) => void;
}

/** Longest expression that is coloured; the engine takes none that is half as long. */
const COLOURED_MAX = 4000;
/** Most completions that are offered. */
const OFFERED_MAX = 50;

export function ExpressionEditor({ label, value, placeholder, isLabelSeen = false, whenEmpty, onChange }: ExpressionProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const paint = useRef<HTMLDivElement>(null);
  const offered = useSignal<Completion | undefined>(undefined);
  const active = useSignal(-1);
  const diagnosis = diagnosisOf(value);
  const problems = diagnosis?.diagnostics ?? [];
  const isSaidEmpty = whenEmpty !== undefined && value.trim() === "";

  const follow = () => {
    if (paint.current !== null) paint.current.scrollLeft = input.current?.scrollLeft ?? 0;
  };
  const offer = () => {
    const field = input.current;
    if (field === null) return;
    const completion = completionOf(field.value, field.selectionStart ?? field.value.length);
    if (completion === undefined) return;
    const written = field.value.slice(completion.span.start, completion.span.end);
    const items = completion.items.filter((item) => item.text !== written).slice(0, OFFERED_MAX);
    offered.value = items.length === 0 ? undefined : { ...completion, items };
    active.value = -1;
  };
  const close = () => {
    offered.value = undefined;
    active.value = -1;
  };
  /** Puts a text into the field at once, so that a key that follows finds the caret where it belongs. */
  const write = (text: string, caret: number) => {
    const field = input.current;
    if (field === null) return;
    field.value = text;
    field.focus();
    field.setSelectionRange(caret, caret);
    onChange(text);
    follow();
    offer();
  };
  const accept = (at: number) => {
    const completion = offered.value;
    const item = completion?.items[at];
    if (completion === undefined || item === undefined) return;
    const { start, end } = completion.span;
    const isFollowed = value.slice(end).startsWith(" ");
    const text = item.kind === "value" || item.text.endsWith(":") || isFollowed ? item.text : `${item.text} `;
    write(value.slice(0, start) + text + value.slice(end), start + text.length);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const items = offered.value?.items ?? [];
    if (event.key === "ArrowDown" || (event.key === " " && event.ctrlKey)) {
      if (offered.value === undefined) offer();
      else active.value = (active.value + 1) % items.length;
    } else if (event.key === "ArrowUp" && items.length > 0) {
      active.value = (active.value + items.length * 2 - 1) % items.length;
    } else if (event.key === "Enter" && active.value >= 0) {
      accept(active.value);
    } else if (event.key === "Escape" && items.length > 0) {
      close();
    } else {
      return;
    }
    event.preventDefault();
  };

  const items = offered.value?.items ?? [];
  const isOpen = items.length > 0;
  return (
    <div class="expression">
      <label for={id} class={isLabelSeen ? "" : "unseen"}>
        {label}
      </label>
      <div class="field">
        <div class="paint" ref={paint} aria-hidden="true">
          <Coloured value={value} diagnosis={diagnosis} />
        </div>
        <input
          id={id}
          ref={input}
          type="text"
          role="combobox"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          placeholder={placeholder}
          value={value}
          aria-autocomplete="list"
          aria-expanded={isOpen}
          aria-controls={`${id}-list`}
          aria-activedescendant={active.value >= 0 ? `${id}-${active.value}` : undefined}
          aria-invalid={problems[0]?.severity === "error"}
          aria-describedby={problems.length > 0 ? `${id}-problem` : isSaidEmpty ? `${id}-empty` : undefined}
          onInput={(event) => {
            onChange(event.currentTarget.value);
            follow();
            offer();
          }}
          onScroll={follow}
          onKeyDown={onKeyDown}
          onBlur={close}
        />
      </div>
      <div id={`${id}-list`} role="listbox" aria-label="Completions" class="offers" hidden={!isOpen}>
        {items.map((item, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the text field has the keys, as a combobox does
          <div
            key={item.text}
            id={`${id}-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === active.value}
            ref={(element) => {
              if (at === active.value) element?.scrollIntoView({ block: "nearest" });
            }}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => accept(at)}
          >
            <code class={`token-${item.kind}`}>{item.text}</code>
            <span class="soft">{item.count === undefined ? item.kind : counted(item.count, "instance")}</span>
          </div>
        ))}
      </div>
      {isSaidEmpty && (
        <p id={`${id}-empty`} class="soft">
          {whenEmpty}
        </p>
      )}
      {problems.length > 0 && (
        <Problems
          id={`${id}-problem`}
          source={value}
          problems={problems}
          onFix={({ text, span }) => {
            write(value.slice(0, span.start) + text + value.slice(span.end), span.start + text.length);
          }}
        />
      )}
    </div>
  );
}

/** The text with its tokens coloured, and what is wrong underlined. */
function Coloured({ value, diagnosis }: { readonly value: string; readonly diagnosis: Diagnosis | undefined }) {
  if (value.length > COLOURED_MAX) return <>{value}</>;
  const parts = [];
  let at = 0;
  const spans = diagnosis?.diagnostics ?? [];
  for (const token of diagnosis?.tokens ?? []) {
    if (token.start > at) parts.push(value.slice(at, token.start));
    const wrong = spans.find(({ span }) => span.start < token.end && span.end > token.start);
    parts.push(
      <span key={token.start} class={`token-${token.kind} ${wrong === undefined ? "" : wrong.severity}`}>
        {value.slice(token.start, token.end)}
      </span>,
    );
    at = token.end;
  }
  parts.push(value.slice(at));
  return <>{parts}</>;
}
