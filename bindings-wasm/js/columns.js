// Columns: what the module writes into its memory, copied out.

import { memory, run } from "./engine.js";
import { parse } from "./json.js";

/** A column of integers. */
function integers(cluster, name) {
  const [start, length] = run((glue) => [glue.integers(cluster, name), glue.length(cluster)]);
  return new Int32Array(memory().buffer, start, length).slice();
}

/** A column of positions. */
function positions(cluster, name) {
  const [start, length] = run((glue) => [glue.integers(cluster, name), glue.length(cluster)]);
  return new Uint32Array(memory().buffer, start, length).slice();
}

/** A column of flags. */
function flags(cluster, name) {
  const [start, length] = run((glue) => [glue.integers(cluster, name), glue.length(cluster)]);
  return Uint8Array.from(new Int32Array(memory().buffer, start, length));
}

/** A column of numbers, of so many rows. */
function numbers(cluster, name, length) {
  const start = run((glue) => glue.numbers(cluster, name));
  return new Float64Array(memory().buffer, start, length).slice();
}

/** A column of text. */
function texts(cluster, name) {
  return parse(run((glue) => glue.texts(cluster, name)));
}

/** A column of text with few different values. */
function words(cluster, name) {
  const [list, start, length] = run((glue) => [glue.words(cluster, name), glue.codes(cluster), glue.length(cluster)]);
  return { codes: new Int32Array(memory().buffer, start, length).slice(), words: parse(list) };
}

/** What instances have of a resource, and have left. */
function amounts(cluster, name) {
  return { registered: integers(cluster, `registered:${name}`), remaining: integers(cluster, name) };
}

/** Every instance. */
export function instanceColumns(cluster, customResources) {
  const id = texts(cluster, "instance.id");
  const { length } = id;
  return {
    length,
    id,
    ec2InstanceId: texts(cluster, "instance.ec2InstanceId"),
    zone: words(cluster, "instance.zone"),
    instanceType: words(cluster, "instance.instanceType"),
    capacityProvider: words(cluster, "instance.capacityProvider"),
    status: words(cluster, "instance.status"),
    agentVersion: words(cluster, "instance.agentVersion"),
    agentConnected: flags(cluster, "instance.agentConnected"),
    registeredAt: numbers(cluster, "instance.registeredAt", length),
    runningTasks: integers(cluster, "runningTasks"),
    cpu: amounts(cluster, "cpu"),
    memoryMib: amounts(cluster, "memoryMib"),
    gpus: amounts(cluster, "gpus"),
    eniTaskSlots: amounts(cluster, "eniTaskSlots"),
    hostPortsRemaining: integers(cluster, "hostPorts"),
    custom: new Map(customResources.map((name) => [name, amounts(cluster, `custom:${name}`)])),
  };
}

/** Every task. */
export function taskColumns(cluster) {
  const id = texts(cluster, "task.id");
  const { length } = id;
  return {
    length,
    id,
    number: numbers(cluster, "task.number", length),
    instance: positions(cluster, "task.instance"),
    group: words(cluster, "task.group"),
    definition: words(cluster, "task.definition"),
    cpu: numbers(cluster, "task.cpu", length),
    memoryMib: numbers(cluster, "task.memoryMib", length),
    gpus: integers(cluster, "task.gpus"),
    isHealthy: flags(cluster, "task.isHealthy"),
    isProtected: flags(cluster, "task.isProtected"),
    isStopping: flags(cluster, "task.isStopping"),
  };
}

/** Every attribute of every instance. */
export function attributeColumns(cluster) {
  const instance = positions(cluster, "attribute.instance");
  return {
    length: instance.length,
    instance,
    name: words(cluster, "attribute.name"),
    value: words(cluster, "attribute.value"),
  };
}
