// A field for a whole number: what it does not take stays as it was written, is marked, and is said to be wrong.

import type { TargetedInputEvent } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { type Entered, entered, isWithin, type Range, taken } from "../model/whole.ts";

interface WholeFieldProps {
  readonly range: Range;
  readonly value: Entered;
  readonly onChange: (text: string) => void;
}

export function WholeField({ range, value, onChange }: WholeFieldProps) {
  const id = useId();
  const isWrong = !isWithin(value, range);
  const input = useRef<HTMLInputElement>(null);
  // Written only where it says something else: `1.` and `1` have the same value in a field for numbers, and writing takes the dot away.
  useLayoutEffect(() => {
    const field = input.current;
    if (field !== null && entered(field.value) !== entered(String(value))) field.value = String(value);
  });
  const shared = {
    id,
    ref: input,
    inputMode: "numeric",
    "aria-invalid": isWrong,
    "aria-describedby": isWrong ? `${id}-wrong` : undefined,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => onChange(event.currentTarget.value),
  } as const;
  return (
    <div class="entry">
      <label for={id}>
        {range.name}
        {/* Numbers of a page end at 2^53. */}
        {typeof range.most === "bigint" ? (
          <input type="text" {...shared} />
        ) : (
          <input type="number" min={range.least} max={range.most} {...shared} />
        )}
      </label>
      {isWrong && (
        <p id={`${id}-wrong`} class="wrong" role="status">
          {taken(range)}
        </p>
      )}
    </div>
  );
}
