// Whole numbers as they were entered: what is none stays as it is, so that it can be shown and refused rather than changed.

/** What a field has: a number, or the text of what is none. */
export type Entered = number | string;

/** What a field takes. */
export interface Range {
  /** The field's name, as the page shows it. */
  readonly name: string;
  readonly least: number;
  readonly most: number | bigint;
}

/** What a field has where this was written into it. */
export const entered = (text: string): Entered => (/^\d{1,15}$/.test(text) ? Number(text) : text);

/** Whether it is what the field takes. */
export function isWithin(value: Entered, { least, most }: Range): boolean {
  if (!/^\d+$/.test(String(value))) return false;
  const whole = BigInt(value);
  return whole >= BigInt(least) && whole <= BigInt(most);
}

/** What the field takes, in words. */
export const taken = ({ name, least, most }: Range): string =>
  `${name} takes a whole number in digits, ${least.toLocaleString("en")} to ${most.toLocaleString("en")}`;

/** The same value. Throws in words where the field does not take it. */
export function within<Value extends Entered>(value: Value, range: Range): Value {
  if (!isWithin(value, range)) throw new Error(taken(range));
  return value;
}
