// Why not: what each instance that fell away failed first, and which came nearest.

import type { Explanation, Failure } from "../engine.ts";
import { count, counted } from "../parts/words.ts";
import { pointed, snapshot } from "../state.ts";
import { Instance } from "./why.tsx";

/** Reasons in other words. They are ECS's. */
const MEANINGS: Readonly<Record<string, string>> = {
  "RESOURCE:CPU": "too little CPU left",
  "RESOURCE:MEMORY": "too little memory left",
  "RESOURCE:PORTS": "a host port is taken",
  "RESOURCE:PORTS_UDP": "a UDP host port is taken",
  "RESOURCE:GPU": "too few GPUs left",
  "RESOURCE:ENI": "no network interface left",
  ATTRIBUTE: "lacks an attribute that the task needs",
  LOCATION: "not in a zone of the subnets",
  AGENT: "its agent is not connected",
};

export function WhyNot({ explanation }: { readonly explanation: Explanation }) {
  const { reasons, nearestMiss, winner } = explanation;
  return (
    <div class="whynot">
      <table>
        <caption>{winner === undefined ? "Why not" : "Why not the others"}</caption>
        <thead>
          <tr>
            <th scope="col">reason</th>
            <th scope="col">instances</th>
            <th scope="col">
              <span class="unseen">show</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {reasons.map(({ reason, count: number }) => (
            <tr key={reason}>
              <th scope="row">
                <code>{reason}</code>
                {MEANINGS[reason] !== undefined && <span class="soft">{MEANINGS[reason]}</span>}
              </th>
              <td class="number">{count(number)}</td>
              <td>
                <button
                  type="button"
                  class="small"
                  aria-label={`Show the instances with ${reason}`}
                  onClick={() => show(explanation, reason)}
                >
                  show
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {nearestMiss !== undefined && (
        <div class="nearest">
          <p>
            Nearest miss: <strong>{nearestMiss.text.replace(nearestMiss.arn, "").replace(/ on $/, "")}</strong> on{" "}
            <Instance arn={nearestMiss.arn} />
          </p>
          <ul class="plain">
            {nearestMiss.failures.map((failure) => (
              <li key={failure.reason}>
                <code>{failure.reason}</code> {amounts(failure)}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function amounts({ asked, used, available, detail }: Failure): string {
  const parts = [];
  if (asked !== undefined) parts.push(`asked ${count(asked)}`);
  if (available !== undefined) parts.push(`left ${count(available)}`);
  if (used !== undefined) parts.push(`in use ${count(used)}`);
  if (detail !== undefined) parts.push(detail);
  return parts.join(", ");
}

/** Points at the instances that fell away for a reason. */
function show({ rejected }: Explanation, reason: string): void {
  const ids = new Set(rejected.filter((each) => each.reason === reason).map(({ arn }) => arn));
  const positions: number[] = [];
  snapshot.peek()?.instances.id.forEach((id, at) => {
    if (ids.has(id)) positions.push(at);
  });
  pointed.value = { label: `${counted(positions.length, "instance")} with ${reason}`, positions: Uint32Array.from(positions) };
}
