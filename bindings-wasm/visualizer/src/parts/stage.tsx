// A canvas with a scene, moved by pointer and keyboard.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Section } from "../model/grouping.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { lay, neighbour } from "../render/layout.ts";
import { Lens } from "../render/lens.ts";
import { palette } from "../render/palette.ts";
import { pixelRatio, View } from "../render/view.ts";
import { Details } from "./details.tsx";
import { theme } from "./theme.ts";

/** What to show. */
export interface StageProps {
  readonly label: string;
  readonly snapshot: Snapshot;
  readonly sections: readonly Section[];
  readonly selected?: Uint32Array | undefined;
  readonly fresh?: ReadonlySet<number> | undefined;
  readonly isToScale: boolean;
  /** What other stages of the same instances are seen through as well; one of its own where nothing is given. */
  readonly lens?: Lens | undefined;
  readonly pinned?: number | undefined;
  /** Called with the instance that was chosen. */
  readonly onPin?: (instance: number | undefined) => void;
}

/** Pixels that a key moves the view by. */
const KEY_STEP = 60;

/** Zeros, with ones at these positions. */
function flags(size: number, positions: Iterable<number> | undefined): Uint8Array | undefined {
  if (positions === undefined) return undefined;
  const set = new Uint8Array(size);
  for (const at of positions) set[at] = 1;
  return set;
}

export function Stage({ label, snapshot, sections, selected, fresh, isToScale, lens, pinned, onPin }: StageProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef<View | undefined>(undefined);
  const cursor = useRef<number | undefined>(undefined);
  const hovered = useSignal<{ instance: number; x: number; y: number } | undefined>(undefined);
  const through = useMemo(() => lens ?? new Lens(), [lens]);
  const aspect = through.aspect.value;

  const layout = useMemo(() => lay(sections, snapshot.resources.length, aspect), [sections, snapshot.resources.length, aspect]);
  const scene = {
    snapshot,
    layout,
    palette: palette(theme.value === "dark"),
    selected: useMemo(() => flags(snapshot.size, selected), [snapshot.size, selected]),
    fresh: useMemo(() => flags(snapshot.size, fresh), [snapshot.size, fresh]),
    isToScale,
    ratio: pixelRatio(),
  };

  useEffect(() => {
    const [surface, around] = [canvas.current, frame.current];
    if (surface === null || around === null) return;
    const made = new View(surface, through);
    view.current = made;
    const resize = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = around;
      if (clientWidth === 0 || clientHeight === 0) return;
      made.resize(clientWidth, clientHeight, true);
    });
    resize.observe(around);
    const stop = listen(surface, made, (instance, x, y) => {
      hovered.value = instance === undefined ? undefined : { instance, x, y };
    });
    return () => {
      resize.disconnect();
      stop();
      made.close();
    };
  }, [through, hovered]);

  useEffect(
    () => view.current?.show(scene),
    [scene.snapshot, scene.layout, scene.palette.ground, scene.selected, scene.fresh, isToScale],
  );
  useEffect(() => view.current?.point(pinned), [pinned]);

  const move = (dx: number, dy: number) => {
    const at = cursor.current ?? pinned;
    const first = layout.blocks[0]?.members[0];
    const next = at === undefined ? first : neighbour(layout, at, dx, dy);
    cursor.current = next;
    if (next !== undefined) onPin?.(next);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const [dx = 0, dy = 0] = arrow ?? [];
    if (arrow !== undefined && event.shiftKey) view.current?.pan(-dx * KEY_STEP, -dy * KEY_STEP);
    else if (arrow !== undefined) move(dx, dy);
    else if (event.key === "+" || event.key === "=") view.current?.zoom(1.25);
    else if (event.key === "-") view.current?.zoom(0.8);
    else if (event.key === "0") view.current?.fit();
    else if (event.key === "Escape") onPin?.(undefined);
    else return;
    event.preventDefault();
  };

  const onClick = (event: MouseEvent) => {
    const [surface, made] = [canvas.current, view.current];
    if (surface === null || made === undefined || surface.dataset.dragged === "yes") return;
    const { left, top } = surface.getBoundingClientRect();
    const instance = made.at(event.clientX - left, event.clientY - top);
    cursor.current = instance;
    onPin?.(instance === pinned ? undefined : instance);
  };

  const tip = hovered.value;
  return (
    <div class="stage" ref={frame}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: an application is what a canvas with keys is */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-roledescription="map of instances"
        aria-label={`${label}. Arrow keys go from instance to instance, shift and arrow keys move the view, plus and minus zoom, zero shows all.`}
        onKeyDown={onKeyDown}
        onClick={onClick}
      />
      <fieldset class="zoom">
        <legend class="unseen">Zoom</legend>
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => view.current?.zoom(1.4)}>
          +
        </button>
        <button type="button" class="icon" aria-label="Zoom out" onClick={() => view.current?.zoom(1 / 1.4)}>
          −
        </button>
        <button type="button" class="icon" aria-label="Show all instances" onClick={() => view.current?.fit()}>
          ⤢
        </button>
      </fieldset>
      {tip !== undefined && tip.instance < snapshot.size && (
        <div class="tip" style={place(tip, frame.current)} role="presentation">
          <Details snapshot={snapshot} instance={tip.instance} isBrief />
        </div>
      )}
    </div>
  );
}

/** Beside the pointer, on the side that has more room. */
function place({ x, y }: { x: number; y: number }, around: HTMLElement | null) {
  const { clientWidth = 0, clientHeight = 0 } = around ?? {};
  const across = x < clientWidth / 2 ? { left: `${x + 14}px` } : { right: `${clientWidth - x + 14}px` };
  const down = y < clientHeight / 2 ? { top: `${y + 14}px` } : { bottom: `${clientHeight - y + 14}px` };
  return { ...across, ...down };
}

/** Pointers that drag, pinch and hover, and the wheel; ends with the function it gives. */
function listen(
  surface: HTMLCanvasElement,
  view: View,
  hover: (instance: number | undefined, x: number, y: number) => void,
): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  const controller = new AbortController();
  const { signal } = controller;
  const local = (event: MouseEvent) => {
    const { left, top } = surface.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const spread = () => {
    const [one, two] = [...pointers.values()];
    return one === undefined || two === undefined ? undefined : Math.hypot(one.x - two.x, one.y - two.y);
  };
  surface.addEventListener(
    "pointerdown",
    (event) => {
      surface.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, local(event));
      surface.dataset.dragged = "no";
    },
    { signal },
  );
  surface.addEventListener(
    "pointermove",
    (event) => {
      const now = local(event);
      const before = pointers.get(event.pointerId);
      if (before === undefined) {
        const instance = view.at(now.x, now.y);
        view.hover(instance);
        hover(event.pointerType === "touch" ? undefined : instance, now.x, now.y);
        return;
      }
      const wide = spread();
      pointers.set(event.pointerId, now);
      const wider = spread();
      if (wide !== undefined && wider !== undefined && wide > 0) view.zoom(wider / wide, now.x, now.y);
      if (Math.abs(now.x - before.x) + Math.abs(now.y - before.y) > 0) {
        if (surface.dataset.dragged === "yes" || Math.hypot(now.x - before.x, now.y - before.y) > 2) {
          surface.dataset.dragged = "yes";
          hover(undefined, 0, 0);
          view.pan((now.x - before.x) / pointers.size, (now.y - before.y) / pointers.size);
        } else {
          pointers.set(event.pointerId, before);
        }
      }
    },
    { signal },
  );
  const release = (event: PointerEvent) => pointers.delete(event.pointerId);
  surface.addEventListener("pointerup", release, { signal });
  surface.addEventListener("pointercancel", release, { signal });
  surface.addEventListener(
    "pointerleave",
    () => {
      view.hover(undefined);
      hover(undefined, 0, 0);
    },
    { signal },
  );
  surface.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { x, y } = local(event);
      const lines = event.deltaMode === 1 ? 16 : 1;
      view.zoom(Math.exp((-event.deltaY * lines) / 500), x, y);
    },
    { signal, passive: false },
  );
  return () => controller.abort();
}
