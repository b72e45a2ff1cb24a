// Where each instance stands: sections as blocks of cells, blocks on shelves. Units are those of the world; a camera shows it.

import type { Section } from "../model/grouping.ts";

/** A bar is so wide, and so far from the next. */
export const BAR = 12;
export const BAR_GAP = 2;
/** An instance's bars are so high. */
export const BAR_HEIGHT = 48;
/** Around the bars of an instance, within its frame. */
export const PADDING = 4;
/** Between instances. */
const GAP = 5;

/** A section in its place. */
export interface Block extends Section {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Height of its heading, above the cells. */
  readonly heading: number;
  readonly columns: number;
}

/** Everything in its place. */
export interface Layout {
  readonly blocks: readonly Block[];
  readonly width: number;
  readonly height: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** By instance: position of its left upper corner. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** By instance: position of its block. */
  readonly block: Uint32Array;
}

/** From one cell to the next. */
export const stepX = (layout: { readonly cellWidth: number }) => layout.cellWidth + GAP;
export const stepY = (layout: { readonly cellHeight: number }) => layout.cellHeight + GAP;

/** Lays sections out for a view of so many bars an instance and this ratio of width to height. */
export function lay(sections: readonly Section[], bars: number, aspect: number): Layout {
  const cellWidth = bars * BAR + (bars - 1) * BAR_GAP + 2 * PADDING;
  const cellHeight = BAR_HEIGHT + 2 * PADDING;
  const [right, down] = [cellWidth + GAP, cellHeight + GAP];
  const size = sections.reduce((sum, section) => sum + section.members.length, 0);
  const area = Math.max(1, size) * right * down;
  const heading = Math.max(22, Math.sqrt(area) * 0.045);
  const margin = Math.max(10, heading * 0.45);
  // A little wider than the area asks for, as blocks do not fill their shelves.
  const target = Math.sqrt(area * aspect) * (sections.length > 1 ? 1.12 : 1);
  const shapes = sections.map((section) =>
    shape(section, { right, down, heading, margin, target, aspect, count: sections.length }),
  );
  const blocks: Block[] = [];
  let [x, y, shelf, width] = [0, 0, 0, 0];
  for (const each of shapes) {
    if (x > 0 && x + each.width > target * 1.02) {
      y += shelf + margin;
      x = 0;
      shelf = 0;
    }
    blocks.push({ ...each, x, y });
    x += each.width + margin;
    width = Math.max(width, x - margin);
    shelf = Math.max(shelf, each.height);
  }
  const layout = {
    blocks,
    width,
    height: y + shelf,
    cellWidth,
    cellHeight,
    x: new Float32Array(size),
    y: new Float32Array(size),
    block: new Uint32Array(size),
  };
  blocks.forEach((block, number) => {
    block.members.forEach((instance, at) => {
      layout.x[instance] = block.x + (at % block.columns) * right;
      layout.y[instance] = block.y + block.heading + Math.floor(at / block.columns) * down;
      layout.block[instance] = number;
    });
  });
  return layout;
}

interface Measure {
  readonly right: number;
  readonly down: number;
  readonly heading: number;
  readonly margin: number;
  readonly target: number;
  readonly aspect: number;
  readonly count: number;
}

/** A block's size. A few sections share the width evenly; many are about as wide as they are high. */
function shape(section: Section, { right, down, heading, margin, target, aspect, count }: Measure): Omit<Block, "x" | "y"> {
  const length = section.members.length;
  const perShelf = Math.max(1, Math.min(count, Math.round(Math.sqrt(count * aspect) * (aspect > 1 ? 1.25 : 1))));
  const share = count <= 12 ? (target - margin * (perShelf - 1)) / perShelf : Math.sqrt(length * right * down * 1.3);
  const columns = Math.max(1, Math.min(length, Math.floor(Math.max(share, heading * 4) / right)));
  const rows = Math.ceil(length / columns);
  // Room for the heading even where there is one column.
  const width = Math.max(columns * right - GAP, Math.min(share, heading * 5));
  return { ...section, columns, heading, width, height: heading + rows * down - GAP };
}

/** The instance at a point, if one is there. */
export function hit(layout: Layout, x: number, y: number): number | undefined {
  for (const block of layout.blocks) {
    if (x < block.x || x > block.x + block.width || y < block.y + block.heading || y > block.y + block.height) continue;
    const column = Math.floor((x - block.x) / stepX(layout));
    const row = Math.floor((y - block.y - block.heading) / stepY(layout));
    if (column >= block.columns) return undefined;
    return block.members[row * block.columns + column];
  }
  return undefined;
}

/** The neighbour of an instance in a direction; itself where there is none. */
export function neighbour(layout: Layout, instance: number, dx: number, dy: number): number {
  const x = (layout.x[instance] ?? 0) + layout.cellWidth / 2 + dx * stepX(layout);
  const y = (layout.y[instance] ?? 0) + layout.cellHeight / 2 + dy * stepY(layout);
  const beside = hit(layout, x, y);
  if (beside !== undefined) return beside;
  // Across a gap: the nearest in that direction.
  let [best, least] = [instance, Number.POSITIVE_INFINITY];
  const [fromX = 0, fromY = 0] = [layout.x[instance], layout.y[instance]];
  for (let at = 0; at < layout.x.length; at += 1) {
    const [awayX, awayY] = [(layout.x[at] ?? 0) - fromX, (layout.y[at] ?? 0) - fromY];
    if (awayX * dx + awayY * dy <= 0) continue;
    const distance = dx === 0 ? Math.abs(awayY) + 4 * Math.abs(awayX) : Math.abs(awayX) + 4 * Math.abs(awayY);
    if (distance < least) [best, least] = [at, distance];
  }
  return best;
}
