// A canvas that shows a scene through a camera: tiles, headings over them, and what is under the pointer or the cursor.

import { shareUsed } from "../model/snapshot.ts";
import { Camera } from "./camera.ts";
import type { Scene } from "./cells.ts";
import { changed } from "./change.ts";
import { hit, type Layout } from "./layout.ts";
import { Lens, type Seen } from "./lens.ts";
import { Tiles } from "./tiles.ts";

/** Tiles that are drawn in a frame: few while the view moves, so that each frame is in time. */
const TILES_MOVING = 1;
const TILES_STILL = 24;

/** Device pixels to a pixel of the page; more than two are not seen, and cost as many. */
export const pixelRatio = (): number => Math.min(2, window.devicePixelRatio || 1);

/** A view. It draws when it has to, and only then. */
export class View implements Seen {
  readonly camera = new Camera();
  readonly #lens: Lens;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #tiles = new Tiles();
  #scene: Scene | undefined;
  #layout: Layout | undefined;
  /** By block: what its heading says after its name, the longest first. */
  #remarks: readonly (readonly string[])[] = [];
  #hovered: number | undefined;
  #cursor: number | undefined;
  #asked = 0;
  #moved = 0;

  /** `lens` is what other views of the same world are seen through as well. */
  constructor(canvas: HTMLCanvasElement, lens = new Lens()) {
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("this browser has no canvas");
    this.#canvas = canvas;
    this.#context = context;
    this.#lens = lens;
    lens.add(this);
  }

  /** Shows a scene; another layout is shown whole. */
  show(scene: Scene): void {
    const before = this.#scene;
    this.#scene = scene;
    const { snapshot } = scene;
    this.#remarks = scene.layout.blocks.map(({ members }) => {
      const shares = snapshot.resources.map((each) => `${each.label} ${Math.round(shareUsed(snapshot, each, members) * 100)} %`);
      const size = String(members.length);
      return [`${size} · ${shares.join(" · ")}`, `${size} · ${shares.slice(0, 2).join(" · ")}`, size];
    });
    if (scene.layout !== this.#layout) {
      this.#layout = scene.layout;
      this.#lens.fit();
    }
    const different = before === undefined ? undefined : changed(before, scene);
    if (different === undefined) this.#tiles.spoil();
    else this.#tiles.spoilSome(scene, different);
    this.ask();
  }

  /** Takes the size of the canvas on the page. */
  resize(width: number, height: number, isFit: boolean): void {
    const ratio = pixelRatio();
    this.#canvas.width = Math.max(1, Math.round(width * ratio));
    this.#canvas.height = Math.max(1, Math.round(height * ratio));
    this.camera.resize(width, height);
    this.#lens.measure();
    if (isFit) this.#lens.fit();
    this.ask();
  }

  /** Shows everything. */
  fit(): void {
    this.#lens.fit();
  }

  /** Shows all that is in it, no larger than at this scale; for its lens. */
  whole(scaleMax?: number): void {
    if (this.#layout !== undefined) this.camera.fit(this.#layout, scaleMax);
    this.ask();
  }

  /** Shows what another view shows; for its lens. */
  follow(lead: Camera): void {
    this.camera.follow(lead);
    this.#moved = performance.now();
    this.ask();
  }

  /** Moves by so many pixels. */
  pan(dx: number, dy: number): void {
    this.camera.pan(dx, dy);
    this.#led();
  }

  /** Scales around a point. */
  zoom(factor: number, x?: number, y?: number): void {
    this.camera.zoom(factor, x, y);
    this.#led();
  }

  /** Was moved by the reader. */
  #led(): void {
    this.#moved = performance.now();
    this.#lens.lead(this);
    this.ask();
  }

  /** The instance at a point of the canvas. */
  at(x: number, y: number): number | undefined {
    const { x: worldX, y: worldY } = this.camera.toWorld(x, y);
    return this.#layout === undefined ? undefined : hit(this.#layout, worldX, worldY);
  }

  /** Marks the instance under the pointer. */
  hover(instance: number | undefined): void {
    if (instance === this.#hovered) return;
    this.#hovered = instance;
    this.ask();
  }

  /** Marks an instance, and shows it if it is out of view. */
  point(instance: number | undefined): void {
    this.#cursor = instance;
    const layout = this.#layout;
    if (instance !== undefined && layout !== undefined) {
      this.camera.reveal(layout.x[instance] ?? 0, layout.y[instance] ?? 0, layout.cellWidth, layout.cellHeight);
      this.#lens.lead(this);
    }
    this.ask();
  }

  /** Asks for a frame. */
  ask(): void {
    if (this.#asked === 0) this.#asked = requestAnimationFrame(() => this.#draw());
  }

  /** Ends it. */
  close(): void {
    cancelAnimationFrame(this.#asked);
    this.#lens.remove(this);
    this.#scene = undefined;
  }

  #draw(): void {
    this.#asked = 0;
    const scene = this.#scene;
    if (scene === undefined) return;
    const context = this.#context;
    const { ratio } = scene;
    const scale = this.camera.scale * ratio;
    const [left, top] = [Math.round(this.camera.x * scale), Math.round(this.camera.y * scale)];
    const isMoving = performance.now() - this.#moved < 120;
    if (this.#tiles.draw(context, scene, left, top, scale, isMoving ? TILES_MOVING : TILES_STILL)) this.ask();
    this.#headings(scene, left, top, scale, ratio);
    this.#mark(scene, this.#hovered, left, top, scale, 1.5 * ratio);
    this.#mark(scene, this.#cursor, left, top, scale, 2.5 * ratio);
  }

  #headings({ layout, palette }: Scene, left: number, top: number, scale: number, ratio: number): void {
    const context = this.#context;
    context.textBaseline = "alphabetic";
    context.textAlign = "start";
    layout.blocks.forEach((block, number) => {
      const [x, width] = [block.x * scale - left, block.width * scale];
      const baseline = (block.y + layout.heading) * scale - top - 6 * ratio;
      const size = Math.min(15 * ratio, layout.heading * scale * 0.62);
      if (size < 7 * ratio || x > this.#canvas.width || x + width < 0 || baseline < 0 || baseline > this.#canvas.height + 40)
        return;
      context.font = `600 ${size}px system-ui, sans-serif`;
      const used = context.measureText(block.label).width + 10 * ratio;
      context.fillStyle = palette.text;
      context.fillText(block.label, x, baseline, width);
      context.font = `${size * 0.82}px system-ui, sans-serif`;
      const remark = this.#remarks[number]?.find((each) => used + context.measureText(each).width <= width);
      if (remark === undefined) return;
      context.fillStyle = palette.textSoft;
      context.fillText(remark, x + used, baseline);
    });
  }

  #mark({ layout, palette }: Scene, instance: number | undefined, left: number, top: number, scale: number, line: number): void {
    if (instance === undefined) return;
    const [x, y] = [(layout.x[instance] ?? 0) * scale - left, (layout.y[instance] ?? 0) * scale - top];
    this.#context.strokeStyle = palette.cursor;
    this.#context.lineWidth = line;
    this.#context.strokeRect(x - line, y - line, layout.cellWidth * scale + 2 * line, layout.cellHeight * scale + 2 * line);
  }
}
