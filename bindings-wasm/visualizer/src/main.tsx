// Loads the engine, shows the page, and opens what the link has, or the sample.

import { render } from "preact";
import { App } from "./app.tsx";
import { init, inWords } from "./engine.ts";
import { DEFAULT } from "./model/scenario.ts";
import { fromHash } from "./model/share.ts";
import { fetchModule } from "./plan/engine.ts";
import { attemptPaced, notice, openScenario } from "./state.ts";

const root = document.getElementById("app");

/** Opens what the link has, if it has something; whether it did. */
const openLink = (): Promise<boolean> => {
  let isThere = false;
  const opened = attemptPaced("Opening the link", async (pace) => {
    const next = fromHash(location.hash);
    if (next === undefined) return;
    isThere = true;
    await openScenario(next, pace);
  });
  return opened.then((isOpened) => isOpened && isThere);
};

async function start(): Promise<void> {
  await init();
  // All that the first view needs is there. Who opens a panel that needs this is told where it is missing.
  fetchModule().catch(() => undefined);
  if (root === null) return;
  root.textContent = "";
  render(<App />, root);
  const isOpened = await openLink();
  if (!isOpened) {
    const told = notice.value;
    await attemptPaced("Opening the sample", (pace) => openScenario(DEFAULT, pace));
    notice.value = told;
  }
  // The first frame with instances in it comes after the next one.
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("interactive")));
}

/** A link that is opened while the page is there. */
addEventListener("hashchange", openLink);

start().catch((error: unknown) => {
  if (root !== null) root.textContent = `The engine could not be started: ${inWords(error)}`;
});
