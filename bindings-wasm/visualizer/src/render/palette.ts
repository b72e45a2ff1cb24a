// Colours of task groups. Ten that are told apart with any colour vision on light and dark ground; then they come round again.

const GROUPS_LIGHT = [
  "#2f6fde",
  "#e0812b",
  "#1f9d6b",
  "#c2418f",
  "#7b5bd6",
  "#b38a00",
  "#0f9bb3",
  "#d1495b",
  "#6b8e23",
  "#8c6d5a",
];
const GROUPS_DARK = [
  "#6ea3ff",
  "#f5a25d",
  "#4fcf9b",
  "#ec7dbd",
  "#a78bfa",
  "#e3c14d",
  "#4fd0e3",
  "#f27a8a",
  "#a5cf5a",
  "#c3a391",
];

/** Colours of one theme. */
export interface Palette {
  readonly groups: readonly string[];
  readonly ground: string;
  readonly frame: string;
  readonly frameSelected: string;
  readonly track: string;
  /** What is in use by tasks that are not known. */
  readonly unknown: string;
  readonly away: string;
  readonly text: string;
  readonly textSoft: string;
  readonly cursor: string;
  readonly fresh: string;
}

const LIGHT_PALETTE: Palette = {
  groups: GROUPS_LIGHT,
  ground: "#f4f6fa",
  frame: "#ffffff",
  frameSelected: "#bcd3ff",
  track: "#e3e8f1",
  unknown: "#97a3b6",
  away: "#c77700",
  text: "#172033",
  textSoft: "#556178",
  cursor: "#0b1220",
  fresh: "#0b1220",
};
const DARK_PALETTE: Palette = {
  groups: GROUPS_DARK,
  ground: "#0f1420",
  frame: "#1a2233",
  frameSelected: "#2c4a86",
  track: "#2a3448",
  unknown: "#65738d",
  away: "#f2b84b",
  text: "#e6ebf5",
  textSoft: "#a3b0c6",
  cursor: "#ffffff",
  fresh: "#ffffff",
};

/** The palette of a theme; always the same one. */
export const palette = (isDark: boolean): Palette => (isDark ? DARK_PALETTE : LIGHT_PALETTE);

/** The colour of a group. */
export function colourOf({ groups }: Palette, group: number): string {
  // OK: the remainder is a position of the list.
  return groups[group % groups.length] as string;
}
