// What part of the world is seen: a point of the world in the left upper corner, and a scale.

/** The largest scale. */
const SCALE_MAX = 8;
/** Pixels left free around a world that is shown whole; below are the buttons. */
const MARGIN = 16;
const BELOW = 52;

/** A view of the world. Positions of the view are in CSS pixels. */
export class Camera {
  x = 0;
  y = 0;
  scale = 1;
  /** Size of the view. */
  width = 1;
  height = 1;
  /** Whether it was told its size. */
  isSized = false;
  #world = { width: 1, height: 1 };

  /** Sets the size of the view. */
  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.isSized = true;
  }

  /** Shows all of a world, no larger than at this scale. */
  fit(world: { readonly width: number; readonly height: number }, scaleMax = SCALE_MAX): void {
    this.#world = { width: Math.max(1, world.width), height: Math.max(1, world.height) };
    this.scale = Math.min(this.fitting(), scaleMax);
    this.x = (this.#world.width - this.width / this.scale) / 2;
    const free = (this.height - MARGIN - BELOW) / this.scale - this.#world.height;
    this.y = -free / 2 - MARGIN / this.scale;
  }

  /** The scale at which all of the world is seen. */
  fitting(): number {
    const across = (this.width - 2 * MARGIN) / this.#world.width;
    const down = (this.height - MARGIN - BELOW) / this.#world.height;
    return Math.min(Math.max(Math.min(across, down), 0.001), 2.4);
  }

  /** Moves by so many pixels, and keeps a part of the world in view. */
  pan(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.#keep();
  }

  /** Scales around a point of the view, which stays where it is. */
  zoom(factor: number, atX = this.width / 2, atY = this.height / 2): void {
    const before = this.toWorld(atX, atY);
    this.scale = Math.min(SCALE_MAX, Math.max(this.fitting() * 0.6, this.scale * factor));
    this.x = before.x - atX / this.scale;
    this.y = before.y - atY / this.scale;
    this.#keep();
  }

  /** Moves as little as needed to see a rectangle of the world. */
  reveal(x: number, y: number, width: number, height: number): void {
    const [right, bottom] = [this.x + this.width / this.scale, this.y + this.height / this.scale];
    if (x < this.x) this.x = x - width;
    else if (x + width > right) this.x += x + 2 * width - right;
    if (y < this.y) this.y = y - height;
    else if (y + height > bottom) this.y += y + 2 * height - bottom;
  }

  /** Shows the world at the scale of another camera, with the same point in the middle. */
  follow({ x, y, scale, width, height }: Camera): void {
    this.scale = scale;
    this.x = x + (width - this.width) / 2 / scale;
    this.y = y + (height - this.height) / 2 / scale;
  }

  /** The point of the world under a point of the view. */
  toWorld(x: number, y: number): { x: number; y: number } {
    return { x: this.x + x / this.scale, y: this.y + y / this.scale };
  }

  #keep(): void {
    const [seenX, seenY] = [this.width / this.scale, this.height / this.scale];
    this.x = Math.min(this.#world.width - seenX * 0.2, Math.max(this.x, -seenX * 0.8));
    this.y = Math.min(this.#world.height - seenY * 0.2, Math.max(this.y, -seenY * 0.8));
  }
}
