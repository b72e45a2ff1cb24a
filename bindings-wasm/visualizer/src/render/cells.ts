// Draws instances: a frame, and a bar for each resource that is filled from below with what its tasks hold, coloured by group.

import type { Resource, Snapshot } from "../model/snapshot.ts";
import { BAR_GAP, BAR_HEIGHT, type Layout, PADDING } from "./layout.ts";
import { colourOf, type Palette } from "./palette.ts";

/** What is drawn. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly layout: Layout;
  readonly palette: Palette;
  /** 1 where an instance is selected; `undefined` where no selection was made. */
  readonly selected: Uint8Array | undefined;
  /** 1 where the last step put a task. */
  readonly fresh: Uint8Array | undefined;
  readonly isToScale: boolean;
  /** Device pixels to a pixel of the page. */
  readonly ratio: number;
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Draws one instance at a place, in pixels; `scale` pixels make one unit of the world. */
export function drawCell(context: Context, scene: Scene, instance: number, left: number, top: number, scale: number): void {
  const { snapshot, layout, palette, selected, fresh } = scene;
  const [width, height] = [layout.cellWidth * scale, layout.cellHeight * scale];
  const isSelected = selected?.[instance] === 1;
  context.globalAlpha = selected === undefined || isSelected ? 1 : 0.22;
  context.fillStyle = isSelected ? palette.frameSelected : palette.frame;
  fill(context, left, top, width, height, scale > 0.45 ? 3 * scale : 0);
  snapshot.resources.forEach((resource, number) => {
    const x = left + (PADDING + number * (layout.bar + BAR_GAP)) * scale;
    drawBar(context, scene, resource, instance, x, top + PADDING * scale, scale);
  });
  if (layout.label > 0) drawLabel(context, scene, instance, left, top, scale);
  if (snapshot.isAway[instance] === 1) drawAway(context, palette, left, top, width, height, scale);
  if (fresh?.[instance] === 1) {
    context.strokeStyle = palette.fresh;
    context.lineWidth = Math.max(1, 1.5 * scale);
    context.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
  }
  context.globalAlpha = 1;
}

function drawBar(
  context: Context,
  scene: Scene,
  resource: Resource,
  instance: number,
  x: number,
  top: number,
  scale: number,
): void {
  const { snapshot, palette } = scene;
  const registered = resource.registered[instance] ?? 0;
  if (registered <= 0) return;
  const full = BAR_HEIGHT * scale * (scene.isToScale ? Math.max(registered / resource.most, 0.04) : 1);
  const bottom = top + BAR_HEIGHT * scale;
  const width = scene.layout.bar * scale;
  context.fillStyle = palette.track;
  fill(context, x, bottom - full, width, full, 0);
  const used = Math.min(registered, Math.max(0, registered - (resource.remaining[instance] ?? 0)));
  if (used === 0) return;
  const [from = 0, to = 0] = [snapshot.start[instance], snapshot.start[instance + 1]];
  let sum = 0;
  for (let task = from; task < to; task += 1) sum += resource.held[task] ?? 0;
  // Tasks with parts of a device count it whole each; what they hold together is what is in use.
  const unit = (full / registered) * (sum > used ? used / sum : 1);
  const isApart = scale > 0.9;
  let y = bottom;
  let at = from;
  while (at < to) {
    const group = snapshot.group[at] ?? 0;
    let amount = resource.held[at] ?? 0;
    at += 1;
    // Where single tasks cannot be seen, those of one group are one part.
    while (!isApart && at < to && snapshot.group[at] === group) {
      amount += resource.held[at] ?? 0;
      at += 1;
    }
    const part = amount * unit;
    if (part <= 0) continue;
    y -= part;
    context.fillStyle = colourOf(palette, group);
    context.fillRect(x, y, width, isApart && part > 4 ? part - 1 : part);
  }
  const rest = (used - Math.min(sum, used)) * (full / registered);
  if (rest > 0.3) {
    context.fillStyle = palette.unknown;
    context.fillRect(x, y - rest, width, rest);
  }
}

/** The type of the instance below its bars, or its id where it has no type. */
function drawLabel(context: Context, scene: Scene, instance: number, left: number, top: number, scale: number): void {
  const { snapshot, layout, palette } = scene;
  const size = Math.min(9.5 * scale, 13 * scene.ratio);
  if (size < 7) return;
  const { instanceType, id } = snapshot.instances;
  const text = instanceType.words[instanceType.codes[instance] ?? -1] ?? id[instance] ?? "";
  context.font = `${size}px system-ui, sans-serif`;
  context.fillStyle = palette.textSoft;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const across = layout.cellWidth * scale;
  context.fillText(text, left + across / 2, top + (BAR_HEIGHT + PADDING + 1 + layout.label / 2) * scale, across - 4);
}

/** A dashed frame, or a mark in the corner where that is too small to be seen. */
function drawAway(
  context: Context,
  { away }: Palette,
  left: number,
  top: number,
  width: number,
  height: number,
  scale: number,
): void {
  if (scale < 0.3) {
    context.fillStyle = away;
    context.fillRect(left, top, width, Math.max(1, 5 * scale));
    return;
  }
  context.strokeStyle = away;
  context.lineWidth = Math.max(1, 1.5 * scale);
  context.setLineDash([4 * scale, 3 * scale]);
  context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  context.setLineDash([]);
}

function fill(context: Context, x: number, y: number, width: number, height: number, radius: number): void {
  if (radius < 1) {
    context.fillRect(x, y, width, height);
    return;
  }
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
}
