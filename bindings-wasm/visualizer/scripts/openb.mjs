// Writes src/data/openb.json, a compact form of the OpenB trace: `node scripts/openb.mjs FOLDER`, where FOLDER holds
// openb_node_list_all_node.csv and openb_pod_list_default.csv. Each different node and pod is kept once, and the order as positions.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("usage: node scripts/openb.mjs FOLDER");
  process.exit(2);
}

/** Rows of a CSV file without quotes, as objects by column. */
function rows(name) {
  const [header, ...lines] = readFileSync(join(folder, name), "utf8").trim().split(/\r?\n/);
  const columns = header.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, at) => [columns[at], cell])));
}

/** The different shapes, and the sequence as base64 of one byte a row. */
function compact(list, shape) {
  const positions = new Map();
  const sequence = list.map((row) => {
    const key = JSON.stringify(shape(row));
    if (!positions.has(key)) positions.set(key, positions.size);
    return positions.get(key);
  });
  if (positions.size > 256) throw new Error("more than 256 shapes do not fit one byte");
  return { shapes: [...positions.keys()].map((key) => JSON.parse(key)), sequence: Buffer.from(sequence).toString("base64") };
}

const nodes = rows("openb_node_list_all_node.csv");
const pods = rows("openb_pod_list_default.csv");
// The stable order of arrival: creation time, then the file's.
pods.sort((a, b) => Number(a.creation_time) - Number(b.creation_time));
const document = {
  source: "OpenB GPU cluster trace (2023), hkust-adsl/kubernetes-scheduler-simulator, Apache-2.0; rewritten as shapes and order",
  nodes: compact(nodes, (row) => [Number(row.cpu_milli), Number(row.memory_mib), Number(row.gpu), row.model]),
  pods: compact(pods, (row) => [Number(row.cpu_milli), Number(row.memory_mib), Number(row.num_gpu), Number(row.gpu_milli)]),
};
writeFileSync(new URL("../src/data/openb.json", import.meta.url), `${JSON.stringify(document)}\n`);
