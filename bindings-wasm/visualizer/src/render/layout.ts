// Where each instance stands: sections as blocks of cells, blocks on shelves. Units are those of the world; a camera shows it.

import type { Section } from "../model/grouping.ts";

/** An instance's bars are so high. */
export const BAR_HEIGHT = 48;
/** Between two bars. */
export const BAR_GAP = 2;
/** Around the bars of an instance, within its frame. */
export const PADDING = 4;
/** Between instances. */
const GAP = 5;
/** Up to so many instances, each has its type below its bars, which are wider then. */
const LABELLED_MAX = 120;

/** A section in its place. */
export interface Block extends Section {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly columns: number;
}

/** Everything in its place. */
export interface Layout {
  readonly blocks: readonly Block[];
  readonly width: number;
  readonly height: number;
  /** Height of a block's heading, above its cells. */
  readonly heading: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Width of a bar. */
  readonly bar: number;
  /** Height of the line below the bars; 0 where there is none. */
  readonly label: number;
  /** By instance: position of its left upper corner. */
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** What the size of a block depends on. */
interface Measure {
  readonly right: number;
  readonly down: number;
  readonly heading: number;
  readonly margin: number;
}

/** From one cell to the next. */
export const stepX = (layout: { readonly cellWidth: number }) => layout.cellWidth + GAP;
export const stepY = (layout: { readonly cellHeight: number }) => layout.cellHeight + GAP;

/** Lays sections out for so many bars an instance and a view of this ratio of width to height. */
export function lay(sections: readonly Section[], bars: number, aspect: number): Layout {
  const size = sections.reduce((sum, section) => sum + section.members.length, 0);
  const isLabelled = size <= LABELLED_MAX;
  const [bar, label] = isLabelled ? [60 / bars, 13] : [12, 0];
  const cellWidth = bars * bar + (bars - 1) * BAR_GAP + 2 * PADDING;
  const cellHeight = BAR_HEIGHT + 2 * PADDING + label;
  const [right, down] = [cellWidth + GAP, cellHeight + GAP];
  const heading = Math.max(22, Math.sqrt(size * right * down) * 0.045);
  const measure = { right, down, heading, margin: Math.max(12, heading * 0.6) };
  const { blocks, width, height } = best(sections, measure, aspect);
  const layout = {
    blocks,
    width,
    height,
    heading,
    cellWidth,
    cellHeight,
    bar,
    label,
    x: new Float32Array(size),
    y: new Float32Array(size),
  };
  for (const block of blocks) {
    block.members.forEach((instance, at) => {
      layout.x[instance] = block.x + (at % block.columns) * right;
      layout.y[instance] = block.y + heading + Math.floor(at / block.columns) * down;
    });
  }
  return layout;
}

/** The arrangement that is seen largest, of those tried: so many columns a block at most, and shelves so wide. */
function best(sections: readonly Section[], measure: Measure, aspect: number): Shelves {
  const longest = sections.reduce((most, { members }) => Math.max(most, members.length), 1);
  let [chosen, most] = [shelve(sections, measure, longest, Number.POSITIVE_INFINITY), 0];
  for (let columns = 1; columns <= longest; columns = Math.max(columns + 1, Math.floor(columns * 1.08))) {
    for (let perShelf = 1; perShelf <= Math.min(sections.length, 24); perShelf += 1) {
      const target = perShelf * (columns * measure.right + measure.margin);
      const tried = shelve(sections, measure, columns, target);
      const scale = Math.min(aspect / tried.width, 1 / tried.height);
      if (scale > most) [chosen, most] = [tried, scale];
    }
  }
  return chosen;
}

interface Shelves {
  readonly blocks: readonly Block[];
  readonly width: number;
  readonly height: number;
}

function shelve(sections: readonly Section[], { right, down, heading, margin }: Measure, most: number, target: number): Shelves {
  const blocks: Block[] = [];
  let [x, y, shelf, width] = [0, 0, 0, 1];
  for (const section of sections) {
    const columns = Math.max(1, Math.min(section.members.length, most));
    // Room for the heading even where there is one column.
    const wide = Math.max(columns * right - GAP, Math.min(section.label.length, 24) * heading * 0.38);
    const high = heading + Math.ceil(section.members.length / columns) * down - GAP;
    if (x > 0 && x + wide > target) {
      y += shelf + margin;
      [x, shelf] = [0, 0];
    }
    blocks.push({ ...section, columns, x, y, width: wide, height: high });
    x += wide + margin;
    width = Math.max(width, x - margin);
    shelf = Math.max(shelf, high);
  }
  return { blocks, width, height: Math.max(1, y + shelf) };
}

/** The instance at a point, if one is there. */
export function hit(layout: Layout, x: number, y: number): number | undefined {
  for (const block of layout.blocks) {
    const [inX, inY] = [x - block.x, y - block.y - layout.heading];
    if (inX < 0 || inX > block.width || inY < 0 || inY > block.height - layout.heading) continue;
    const column = Math.floor(inX / stepX(layout));
    if (column >= block.columns) return undefined;
    return block.members[Math.floor(inY / stepY(layout)) * block.columns + column];
  }
  return undefined;
}

/** The neighbour of an instance in a direction; itself where there is none. */
export function neighbour(layout: Layout, instance: number, dx: number, dy: number): number {
  const [fromX = 0, fromY = 0] = [layout.x[instance], layout.y[instance]];
  const [middleX, middleY] = [fromX + layout.cellWidth / 2, fromY + layout.cellHeight / 2];
  const beside = hit(layout, middleX + dx * stepX(layout), middleY + dy * stepY(layout));
  if (beside !== undefined) return beside;
  // Across a gap: the nearest in that direction.
  let [nearest, least] = [instance, Number.POSITIVE_INFINITY];
  for (let at = 0; at < layout.x.length; at += 1) {
    const [awayX, awayY] = [(layout.x[at] ?? 0) - fromX, (layout.y[at] ?? 0) - fromY];
    if (awayX * dx + awayY * dy <= 0) continue;
    const distance = dx === 0 ? Math.abs(awayY) + 4 * Math.abs(awayX) : Math.abs(awayX) + 4 * Math.abs(awayY);
    if (distance < least) [nearest, least] = [at, distance];
  }
  return nearest;
}
