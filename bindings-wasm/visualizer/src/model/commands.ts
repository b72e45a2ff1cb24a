// A scenario's log as commands of `placewright`, the command-line tool.

import { constraintsOf, type Scenario } from "./scenario.ts";

/** A word as a shell reads it back. */
const quoted = (word: string): string => (/^[\w:.,=/@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The commands, one a line; what the tool has no command for as a remark. */
export function commands({ log }: Pick<Scenario, "log">): string {
  const lines = ["# start.json: the state before the first step (undo all, then Save state)"];
  let state = "start.json";
  log.forEach((action, at) => {
    const next = `state-${at + 1}.json`;
    if (action.kind !== "place") {
      lines.push(`# step ${at + 1}: ${action.kind} has no command`);
      return;
    }
    const words = [
      "placewright",
      "place",
      state,
      `./${action.definition.replace(":", "-")}.json`,
      "--count",
      String(action.count),
    ];
    for (const strategy of action.strategies) words.push("--strategy", strategy);
    for (const constraint of constraintsOf(action)) words.push("--constraint", constraint);
    if (action.group !== "") words.push("--group", action.group);
    if (action.seed !== "0") words.push("--seed", action.seed);
    lines.push([...words, "--export", next].map(quoted).join(" "));
    state = next;
  });
  return lines.join("\n");
}
