// A scenario as a link: JSON, deflated, in the letters that may stand in an address. What is behind `#` is sent to no server.

import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";
import { read, type Scenario } from "./scenario.ts";

/** Longest link that browsers and messengers keep whole; what is longer goes into a file. */
export const LINK_MAX = 32_000;
/** Longest link that is read. Deflate makes at most a thousand bytes of one, so what it unfolds to is bounded. */
const READ_MAX = 262_144;
const PREFIX = "#s=";

/** The part of a link behind the address of the page. */
export function toHash(scenario: Scenario): string {
  const bytes = deflateSync(strToU8(JSON.stringify(scenario)), { level: 9 });
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000) letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return PREFIX + btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The scenario of a link; undefined where the link has none. Throws in words where it cannot be read. */
export function fromHash(hash: string): Scenario | undefined {
  if (!hash.startsWith(PREFIX)) return undefined;
  if (hash.length > READ_MAX) throw new Error(`the link is longer than ${READ_MAX} characters`);
  let value: unknown;
  try {
    const letters = atob(hash.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = inflateSync(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
    value = JSON.parse(strFromU8(bytes));
  } catch {
    throw new Error("the link is damaged: what is behind `#` cannot be read");
  }
  return read(value);
}
