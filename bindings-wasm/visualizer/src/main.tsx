// Loads the engine, opens what the link has, or the sample, and shows the page.

import { render } from "preact";
import { App } from "./app.tsx";
import { init, inWords } from "./engine.ts";
import { DEFAULT } from "./model/scenario.ts";
import { fromHash } from "./model/share.ts";
import { notice, openScenario } from "./state.ts";

const root = document.getElementById("app");

async function start(): Promise<void> {
  await init();
  try {
    openScenario(fromHash(location.hash) ?? DEFAULT);
  } catch (error) {
    openScenario(DEFAULT);
    notice.value = { kind: "error", text: inWords(error) };
  }
  if (root === null) return;
  root.textContent = "";
  render(<App />, root);
  // The first frame with instances in it comes after the next one.
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("interactive")));
}

/** A link that is opened while the page is there. */
addEventListener("hashchange", () => {
  try {
    const next = fromHash(location.hash);
    if (next !== undefined) openScenario(next);
  } catch (error) {
    notice.value = { kind: "error", text: inWords(error) };
  }
});

start().catch((error: unknown) => {
  if (root !== null) root.textContent = `The engine could not be started: ${inWords(error)}`;
});
