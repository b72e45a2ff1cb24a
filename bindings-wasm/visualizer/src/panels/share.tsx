// Share: the scenario as a link or a file, the state for the command-line tool.

import { useSignal } from "@preact/signals";
import { commands } from "../model/commands.ts";
import { LINK_MAX, toHash } from "../model/share.ts";
import { save } from "../parts/save.ts";
import { counted } from "../parts/words.ts";
import { attempt, notice, revision, scenario, simulation } from "../state.ts";

export function SharePanel() {
  revision.value;
  const link = useSignal("");
  const steps = simulation.value?.steps.length ?? 0;
  const make = async () => {
    let hash = "";
    if (
      !attempt(() => {
        hash = toHash(scenario());
      })
    )
      return;
    if (hash.length > LINK_MAX) {
      notice.value = {
        kind: "error",
        text: "This scenario is too large for a link, as its cluster came from large files. Save it as a file instead.",
      };
      return;
    }
    history.replaceState(undefined, "", hash);
    link.value = location.href;
    try {
      await navigator.clipboard.writeText(link.value);
      notice.value = { kind: "good", text: "The link is in the clipboard and in the address bar." };
    } catch {
      notice.value = { kind: "good", text: "The link is in the address bar." };
    }
  };
  return (
    <>
      <section>
        <h3>Scenario</h3>
        <p class="soft">
          The cluster, what was asked for and {counted(steps, "step")}. Whoever opens it sees the engine do the same again, and is
          told if it did not. What is in the link is sent to no server.
        </p>
        <div class="row">
          <button type="button" class="primary" onClick={make}>
            Copy link
          </button>
          <button type="button" onClick={() => save("scenario.json", `${JSON.stringify(scenario(), undefined, 1)}\n`)}>
            Save as file
          </button>
        </div>
        {link.value !== "" && (
          <label>
            Link
            <input type="text" readOnly value={link.value} onFocus={(event) => event.currentTarget.select()} />
          </label>
        )}
      </section>
      <section>
        <h3>For the command line</h3>
        <p class="soft">
          The state as it is now, which the command-line tool and the packages read, and the commands that lead to it.
        </p>
        <div class="row">
          <button
            type="button"
            onClick={() =>
              attempt(() => {
                const text = simulation.value?.cluster.toJson();
                if (text !== undefined) save("state.json", `${text}\n`);
              })
            }
          >
            Save state
          </button>
        </div>
        <label>
          Commands
          <textarea rows={8} readOnly value={commands(scenario())} />
        </label>
      </section>
    </>
  );
}
