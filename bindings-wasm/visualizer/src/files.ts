// Files that were chosen, dropped or pasted: which belong together, and what they replace.

import { kindOfJson, parse } from "./model/open.ts";
import { kindOf } from "./model/openb.ts";
import type { Pace } from "./model/pace.ts";
import { type GivenFile, read } from "./model/scenario.ts";
import { attemptLong, draft, notice, openScenario, openSource, source } from "./state.ts";

/** Most bytes of all files together. */
const BYTES_MAX = 512 * 1024 * 1024;

/** Opens files; whether that went well. */
export async function load(files: readonly File[]): Promise<boolean> {
  if (files.length === 0) return false;
  return attemptLong(`Reading ${files.map(({ name }) => name).join(", ")}`, async (pace) => {
    if (files.reduce((sum, { size }) => sum + size, 0) > BYTES_MAX) throw new Error("these files have more than 512 MiB");
    await take(await Promise.all(files.map(async (file) => ({ name: file.name, text: await file.text() }))), pace);
  });
}

async function take(files: readonly GivenFile[], pace: Pace): Promise<void> {
  if (files.some(({ text }) => kindOf(text) !== undefined)) {
    const before = source.value.kind === "files" ? source.value.files.filter(({ text }) => kindOf(text) !== undefined) : [];
    const isNew = (file: GivenFile) => !files.some(({ text }) => kindOf(text) === kindOf(file.text));
    return openSource({ kind: "files", files: [...files, ...before.filter(isNew)] }, pace);
  }
  const values = files.map((file) => ({ file, value: parse(file) }));
  const scenario = values.find(({ value }) => kindOfJson(value) === "scenario");
  if (scenario !== undefined) {
    return openScenario(read(scenario.value), pace);
  }
  const kinds = values.map(({ value }) => kindOfJson(value));
  if (kinds.includes("cluster")) {
    return openSource({ kind: "files", files }, pace);
  }
  if (kinds.includes("tasks") && source.value.kind === "files") {
    return openSource({ kind: "files", files: [...source.value.files, ...files] }, pace);
  }
  const definition = values.find(({ value }) => kindOfJson(value) === "definition");
  if (definition !== undefined) {
    draft.value = { ...draft.value, from: "json", json: definition.file.text };
    notice.value = { kind: "good", text: `${definition.file.name} is what is placed next; see the panel Place.` };
    return;
  }
  const names = files.map(({ name }) => name).join(", ");
  throw new Error(
    `${names}: neither container instances, tasks, a task definition, nor a scenario; tasks go onto a cluster that was opened from a file`,
  );
}
