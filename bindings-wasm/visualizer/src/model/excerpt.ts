// A part of a text around a place in it, with marks under the place.

/** The two lines. */
export interface Excerpt {
  readonly line: string;
  readonly marks: string;
}

/** Most characters before the place, so that it is seen also where there is little room; of the place; and behind it. */
const [BEFORE, WITHIN, BEHIND] = [20, 60, 40];
/** Stands where the text goes on. */
const CUT = "…";

/** The text around a place in code units. Both lines count whole characters, so that a mark stands below what it marks. */
export function excerpt(source: string, start: number, end: number): Excerpt {
  // A line break or a tab would put the marks elsewhere.
  const characters = (part: string) => Array.from(part.replace(/\s/g, " "));
  const before = characters(source.slice(0, start));
  const place = characters(source.slice(start, end));
  const behind = characters(source.slice(end));
  const head = (before.length > BEFORE ? CUT : "") + before.slice(-BEFORE).join("");
  const shown = place.slice(0, WITHIN);
  const tail = place.length > WITHIN ? CUT : behind.slice(0, BEHIND).join("") + (behind.length > BEHIND ? CUT : "");
  return {
    line: head + shown.join("") + tail,
    marks: " ".repeat(Math.min(before.length, BEFORE + 1)) + "^".repeat(Math.max(1, shown.length)),
  };
}
