// Pictures of square parts of the world at one scale, drawn once and then only moved: what makes panning cheap however many
// instances are seen. So many that are missing are drawn in a frame, the nearest to the middle first; when all that is seen is there,
// those around it follow, so that they are there when they come into view. They are counted and not timed, as browsers put off
// the work of drawing until after the script.

import { drawCell, type Scene } from "./cells.ts";
import { stepX, stepY } from "./layout.ts";

/** Side of a tile in device pixels. */
const SIDE = 256;
/** Most tiles that are kept: 64 MiB of pictures. */
const KEPT_MAX = 256;

interface Tile {
  readonly canvas: HTMLCanvasElement;
  /** When it was last seen, by number of frame. */
  seen: number;
  /** Which scene it shows. */
  version: number;
}

/** A frame that was complete, to stand in for tiles of another scale until these are drawn. */
interface Frame {
  readonly canvas: HTMLCanvasElement;
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

/** The tiles of one scale. */
export class Tiles {
  #stand: Frame | undefined;
  /** Where the last frame was, if nothing was missing in it. */
  #last: Omit<Frame, "canvas"> | undefined;
  readonly #tiles = new Map<string, Tile>();
  #spare: HTMLCanvasElement[] = [];
  #scale = 0;
  #version = 0;
  #frame = 0;

  /** Says that every picture shows what is no longer so. They are used until they are drawn anew. */
  spoil(): void {
    this.#version += 1;
  }

  /** The same of those pictures that show some of these instances. */
  spoilSome({ layout }: Scene, instances: Uint32Array): void {
    // Marks are drawn a little beyond the frame.
    const rim = 2;
    const tile = (at: number) => Math.floor((at * this.#scale) / SIDE);
    for (const instance of instances) {
      const [x = 0, y = 0] = [layout.x[instance], layout.y[instance]];
      for (let across = tile(x - rim); across <= tile(x + layout.cellWidth + rim); across += 1) {
        for (let down = tile(y - rim); down <= tile(y + layout.cellHeight + rim); down += 1) {
          const shown = this.#tiles.get(`${across},${down}`);
          if (shown !== undefined) shown.version = -1;
        }
      }
    }
  }

  /** Draws what is seen, from a corner in device pixels of the world; whether something is still missing. */
  draw(context: CanvasRenderingContext2D, scene: Scene, left: number, top: number, scale: number, most: number): boolean {
    const { width, height } = context.canvas;
    this.#frame += 1;
    if (scale !== this.#scale) {
      this.#keep(context.canvas);
      this.#rescale(scale);
    }
    context.fillStyle = scene.palette.ground;
    context.fillRect(0, 0, width, height);
    const [fromX, toX] = [Math.floor(left / SIDE), Math.floor((left + width) / SIDE)];
    const [fromY, toY] = [Math.floor(top / SIDE), Math.floor((top + height) / SIDE)];
    const wanted: { x: number; y: number; away: number; isSeen: boolean }[] = [];
    for (let y = fromY - 1; y <= toY + 1; y += 1) {
      for (let x = fromX - 1; x <= toX + 1; x += 1) {
        const isSeen = x >= fromX && x <= toX && y >= fromY && y <= toY;
        const away = Math.hypot((x + 0.5) * SIDE - left - width / 2, (y + 0.5) * SIDE - top - height / 2);
        wanted.push({ x, y, away, isSeen });
      }
    }
    wanted.sort((one, other) => Number(other.isSeen) - Number(one.isSeen) || one.away - other.away);
    let painted = 0;
    let isMissing = false;
    let isWhole = true;
    const there: [Tile, number, number][] = [];
    for (const { x, y, isSeen } of wanted) {
      let tile = this.#tiles.get(`${x},${y}`);
      if (tile?.version !== this.#version) {
        if (painted < most) {
          tile = this.#paint(scene, x, y, scale, tile);
          painted += 1;
        } else {
          isMissing = true;
        }
      }
      if (tile !== undefined) tile.seen = this.#frame;
      if (!isSeen) continue;
      if (tile === undefined) isWhole = false;
      else there.push([tile, x, y]);
    }
    if (!isWhole) this.#standIn(context, left, top, scale);
    for (const [tile, x, y] of there) context.drawImage(tile.canvas, x * SIDE - left, y * SIDE - top);
    this.#last = isWhole ? { left, top, scale } : undefined;
    this.#forget();
    return isMissing;
  }

  /** Keeps the frame on a canvas, if nothing was missing in it. */
  #keep(from: HTMLCanvasElement): void {
    if (this.#last === undefined) return;
    const canvas = this.#stand?.canvas ?? document.createElement("canvas");
    canvas.width = from.width;
    canvas.height = from.height;
    canvas.getContext("2d")?.drawImage(from, 0, 0);
    this.#stand = { canvas, ...this.#last };
  }

  #standIn(context: CanvasRenderingContext2D, left: number, top: number, scale: number): void {
    if (this.#stand === undefined) return;
    const { canvas, ...then } = this.#stand;
    const factor = scale / then.scale;
    context.drawImage(canvas, then.left * factor - left, then.top * factor - top, canvas.width * factor, canvas.height * factor);
  }

  #rescale(scale: number): void {
    this.#scale = scale;
    for (const tile of this.#tiles.values()) this.#spare.push(tile.canvas);
    this.#tiles.clear();
    this.#spare = this.#spare.slice(0, KEPT_MAX);
  }

  #paint(scene: Scene, x: number, y: number, scale: number, old: Tile | undefined): Tile {
    const canvas = old?.canvas ?? this.#spare.pop() ?? document.createElement("canvas");
    canvas.width = SIDE;
    canvas.height = SIDE;
    const context = canvas.getContext("2d");
    if (context !== null) paint(context, scene, x * SIDE, y * SIDE, scale);
    const tile = { canvas, seen: this.#frame, version: this.#version };
    this.#tiles.set(`${x},${y}`, tile);
    return tile;
  }

  #forget(): void {
    if (this.#tiles.size <= KEPT_MAX) return;
    const oldest = [...this.#tiles].sort(([, one], [, other]) => one.seen - other.seen);
    for (const [key, tile] of oldest.slice(0, this.#tiles.size - KEPT_MAX)) {
      this.#tiles.delete(key);
      this.#spare.push(tile.canvas);
    }
  }
}

/** Draws the instances that reach into a square. */
function paint(context: CanvasRenderingContext2D, scene: Scene, left: number, top: number, scale: number): void {
  const { layout } = scene;
  const [right, down] = [stepX(layout), stepY(layout)];
  const [x, y, side] = [left / scale, top / scale, SIDE / scale];
  for (const block of layout.blocks) {
    const [originX, originY] = [block.x, block.y + layout.heading];
    if (originX > x + side || block.x + block.width < x || originY > y + side || block.y + block.height < y) continue;
    const rows = Math.ceil(block.members.length / block.columns);
    const fromRow = Math.max(0, Math.floor((y - originY) / down));
    const toRow = Math.min(rows - 1, Math.floor((y + side - originY) / down));
    const fromColumn = Math.max(0, Math.floor((x - originX) / right));
    const toColumn = Math.min(block.columns - 1, Math.floor((x + side - originX) / right));
    for (let row = fromRow; row <= toRow; row += 1) {
      for (let column = fromColumn; column <= toColumn; column += 1) {
        const instance = block.members[row * block.columns + column];
        if (instance === undefined) break;
        drawCell(
          context,
          scene,
          instance,
          (originX + column * right) * scale - left,
          (originY + row * down) * scale - top,
          scale,
        );
      }
    }
  }
}
