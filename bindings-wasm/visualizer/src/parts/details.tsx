// One instance in words: what it is, what it has left, whose tasks it runs.

import type { Resource, Snapshot } from "../model/snapshot.ts";
import { colourOf, palette } from "../render/palette.ts";
import { theme } from "./theme.ts";
import { brief, count, short } from "./words.ts";

interface DetailsProps {
  readonly snapshot: Snapshot;
  readonly instance: number;
  readonly isBrief?: boolean;
}

/** Tasks of an instance by group, in order of the groups. */
export function tasksOf({ start, group }: Snapshot, instance: number): [number, number][] {
  const counts = new Map<number, number>();
  for (let at = start[instance] ?? 0; at < (start[instance + 1] ?? 0); at += 1) {
    const of = group[at] ?? 0;
    counts.set(of, (counts.get(of) ?? 0) + 1);
  }
  return [...counts];
}

export function Details({ snapshot, instance, isBrief = false }: DetailsProps) {
  const { instances, groups } = snapshot;
  const word = (column: { codes: Int32Array; words: readonly string[] }) => column.words[column.codes[instance] ?? -1];
  const id = instances.id[instance] ?? "";
  const facts = [word(instances.instanceType), word(instances.zone), word(instances.status)].filter((fact) => fact !== undefined);
  if (instances.agentConnected[instance] === 0) facts.push("agent disconnected");
  const colours = palette(theme.value === "dark");
  const tasks = tasksOf(snapshot, instance);
  return (
    <div class="details">
      <strong class="id" title={id}>
        {isBrief ? brief(id) : short(id)}
      </strong>
      <p class="soft">{facts.join(" · ")}</p>
      <table>
        <caption class="unseen">Resources of the instance</caption>
        <tbody>
          {snapshot.resources
            .filter((resource) => (resource.registered[instance] ?? 0) > 0)
            .map((resource) => (
              <Amounts key={resource.key} resource={resource} instance={instance} />
            ))}
        </tbody>
      </table>
      {tasks.length === 0 ? (
        <p class="soft">no tasks</p>
      ) : (
        <ul class="plain">
          {tasks.slice(0, isBrief ? 5 : 30).map(([group, number]) => (
            <li key={group}>
              <span class="dot" style={{ background: colourOf(colours, group) }} /> {groups[group]} × {count(number)}
            </li>
          ))}
          {tasks.length > (isBrief ? 5 : 30) && <li class="soft">and {tasks.length - (isBrief ? 5 : 30)} more groups</li>}
        </ul>
      )}
    </div>
  );
}

function Amounts({ resource, instance }: { readonly resource: Resource; readonly instance: number }) {
  const registered = resource.registered[instance] ?? 0;
  const remaining = resource.remaining[instance] ?? 0;
  const share = registered === 0 ? 0 : Math.min(1, Math.max(0, 1 - remaining / registered));
  return (
    <tr>
      <th scope="row">{resource.label}</th>
      <td>
        <span class="meter">
          <span style={{ width: `${share * 100}%` }} />
        </span>
      </td>
      <td class="number">
        {count(remaining)}{" "}
        <span class="soft">
          of {count(registered)} {resource.unit} left
        </span>
      </td>
    </tr>
  );
}
