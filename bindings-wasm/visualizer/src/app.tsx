// The page: figures above, the cluster in the middle, what can be done on the left, why on the right.

import { useSignal } from "@preact/signals";
import { useEffect, useErrorBoundary, useMemo, useRef } from "preact/hooks";
import { comparison } from "./comparison.ts";
import { ExpressionEditor } from "./editor/expression.tsx";
import { inWords, version } from "./engine.ts";
import { load } from "./files.ts";
import { DEFAULT } from "./model/scenario.ts";
import { PANELS } from "./panels/index.ts";
import { Pinned } from "./panels/pinned.tsx";
import { PlanView } from "./panels/planview.tsx";
import { Versus } from "./panels/versus.tsx";
import { WhyPanel } from "./panels/why.tsx";
import { Figures } from "./parts/figures.tsx";
import { Legend } from "./parts/legend.tsx";
import { Stage } from "./parts/stage.tsx";
import { theme, toggle } from "./parts/theme.ts";
import { counted } from "./parts/words.ts";
import "./play.ts";
import { job, plan } from "./plans.ts";
import {
  attemptPaced,
  busy,
  look,
  notice,
  openScenario,
  pinned,
  pointed,
  query,
  redo,
  revision,
  sections,
  selection,
  simulation,
  snapshot,
  tab,
  undo,
  type Work,
} from "./state.ts";

/** Fields in which nothing is written. */
const UNWRITTEN = ["range", "checkbox", "radio", "file"];

/** Undo and redo by keyboard, unless a text is being written. */
function onKeyDown(event: KeyboardEvent): void {
  const { target } = event;
  const isWriting =
    target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !UNWRITTEN.includes(target.type));
  if (isWriting || event.altKey || !(event.ctrlKey || event.metaKey)) return;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) undo();
  else if ((key === "z" && event.shiftKey) || key === "y") redo();
  else return;
  event.preventDefault();
}

export function App() {
  const [failure, again] = useErrorBoundary();
  return failure === undefined ? <Page /> : <Failed failure={failure} again={again} />;
}

/** In place of a page that cannot be shown. */
function Failed({ failure, again }: { readonly failure: unknown; readonly again: () => void }) {
  const sample = () => attemptPaced("Opening the sample", (pace) => openScenario(DEFAULT, pace)).then(again);
  return (
    <main class="failed">
      <p role="alert">This cannot be shown: {inWords(failure)}</p>
      <div class="row">
        <button type="button" onClick={again}>
          Try again
        </button>
        <button type="button" onClick={sample}>
          Open the sample
        </button>
      </div>
    </main>
  );
}

function Page() {
  const isOver = useSignal(false);
  useEffect(() => {
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files can also be chosen in the panel Cluster
    <div
      class={`page ${isOver.value ? "drop" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => {
        isOver.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        load([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <header>
        <h1>
          placewright <span class="soft">{version}</span>
        </h1>
        <Figures />
        <button
          type="button"
          class="icon theme"
          aria-label={theme.value === "dark" ? "Light theme" : "Dark theme"}
          onClick={toggle}
        >
          {theme.value === "dark" ? "☀" : "☾"}
        </button>
      </header>
      <main>{plan.value !== undefined ? <PlanView /> : comparison.value === undefined ? <ClusterView /> : <Versus />}</main>
      <nav class="panel" aria-label="What to do">
        <Tabs />
      </nav>
      <aside class="panel" aria-label="Why">
        <Pinned />
        <WhyPanel />
      </aside>
      <Notice />
    </div>
  );
}

function Tabs() {
  const panel = PANELS.find(({ id }) => id === tab.value) ?? PANELS[0];
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const at = PANELS.findIndex(({ id }) => id === tab.value);
    const next = PANELS[(at + step + PANELS.length) % PANELS.length];
    if (next === undefined) return;
    tab.value = next.id;
    document.getElementById(`tab-${next.id}`)?.focus();
    event.preventDefault();
  };
  if (panel === undefined) return null;
  const Content = panel.component;
  return (
    <>
      <div role="tablist" aria-label="Panels" class="tabs" onKeyDown={onKeyDown}>
        {PANELS.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-selected={id === panel.id}
            aria-controls={`panel-${id}`}
            tabIndex={id === panel.id ? 0 : -1}
            onClick={() => {
              tab.value = id;
            }}
          >
            {title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`panel-${panel.id}`} aria-labelledby={`tab-${panel.id}`} class="content">
        <h2 class="unseen">{panel.title}</h2>
        <Content />
      </div>
    </>
  );
}

function ClusterView() {
  const [current, taken, blocks] = [simulation.value, snapshot.value, sections.value];
  const last = revision.value;
  const fresh = useMemo(() => {
    const instances = new Set(current?.steps.at(-1)?.placements.map(({ instance }) => instance));
    const positions = new Set<number>();
    taken?.instances.id.forEach((id, at) => {
      if (instances.has(id)) positions.add(at);
    });
    // Where most are new, marks would say nothing.
    return positions.size > 0 && positions.size <= Math.min(200, (taken?.size ?? 0) / 2) ? positions : undefined;
  }, [current, taken, last]);
  if (current === undefined || taken === undefined || blocks === undefined) return null;
  const selected = selection.value;
  return (
    <>
      <search class="ask">
        <ExpressionEditor
          label="Select instances with a cluster query"
          value={query.value}
          placeholder="Select instances: attribute:ecs.instance-type =~ m6i.*"
          onChange={(value) => {
            pointed.value = undefined;
            query.value = value;
          }}
        />
        <p class="matches" role="status">
          {pointed.value?.label ??
            (selected === undefined ? counted(taken.size, "instance") : `${counted(selected.length, "instance")} selected`)}
          {selected !== undefined && (
            <button
              type="button"
              class="small"
              onClick={() => {
                pointed.value = undefined;
                query.value = "";
              }}
            >
              clear
            </button>
          )}
        </p>
      </search>
      <Stage
        label={`Cluster of ${counted(taken.size, "instance")}`}
        snapshot={taken}
        sections={blocks}
        selected={selected}
        fresh={fresh}
        isToScale={look.value.isToScale}
        pinned={pinned.value}
        onPin={(instance) => {
          pinned.value = instance;
        }}
      />
      <Legend snapshot={taken} />
    </>
  );
}

/** Something that goes on, how far it is, and a way to end it. */
function Going({ work: { what, share, stop } }: { readonly work: Work }) {
  return (
    <div class="notice">
      <span>{what}…</span>
      {share !== undefined && <progress aria-label={what} value={share} max={1} />}
      {stop !== undefined && (
        <button type="button" class="small" onClick={stop}>
          Stop
        </button>
      )}
    </div>
  );
}

/** Milliseconds that what is no error is told for. */
const TOLD = 8000;

function Notice() {
  const told = notice.value;
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (told === undefined || told.kind === "error") return;
    const timer = setInterval(() => {
      // Not from under the pointer or the focus of a reader.
      if (line.current?.matches(":hover, :focus-within") !== true) notice.value = undefined;
    }, TOLD);
    return () => clearInterval(timer);
  }, [told]);
  return (
    <div class="notices" role="status" aria-live="polite">
      {busy.value !== undefined && <Going work={busy.value} />}
      {job.value !== undefined && job.value.kind !== tab.value && <Going work={{ what: "Searching", stop: job.value.stop }} />}
      {told !== undefined && (
        <p ref={line} class={`notice ${told.kind}`}>
          {told.text}
          <button
            type="button"
            class="icon"
            aria-label="Close the message"
            onClick={() => {
              notice.value = undefined;
            }}
          >
            ×
          </button>
        </p>
      )}
    </div>
  );
}
