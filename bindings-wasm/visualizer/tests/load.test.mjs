// Load: everything a cluster can come from, and what is wrong with a file.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { drop, figure, give, giveTexts, open, refuseNumbers, root, setUp } from "./harness.mjs";

const { held, withPage } = setUp({ before, after });

test(
  "the sample is there at once, with its tasks",
  withPage(async (page) => {
    assert.equal(await figure(page, "used"), "7 of 9");
    assert.equal(await figure(page, "tasks"), "12");
    await page.getByText("takes no tasks").waitFor();
  }),
);

test(
  "a cluster is made of zones, types and a number, the same for the same seed",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByLabel("Instances", { exact: true }).fill("120");
    await page.getByLabel("Zones").fill("4");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator(".matches", { hasText: "120 instances" }).waitFor();
    assert.equal(await figure(page, "used"), "0 of 120");
    await page.getByLabel("Group by").selectOption("ecs.instance-type");
    await page.getByRole("tab", { name: "Place" }).click();
    await page.getByRole("button", { name: "100", exact: true }).click();
    assert.equal(await figure(page, "tasks"), "100");
    assert.equal(await figure(page, "skew"), "0");
  }),
);

test(
  "a number that no cluster is made of stays as it was written, is marked, and makes none",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Cluster" }).click();
    const act = () => page.getByRole("button", { name: "Generate" }).click();
    for (const [name, words, values, kept] of [
      ["Instances", "1 to 100,000", ["1.5", "0", "-3", "1e3", "100001", ""], "30"],
      ["Zones", "1 to 26", ["2.5", "27", ""], "2"],
      ["Seed", "0 to 4,294,967,295", ["0.5", "-1", "4294967296"], "9"],
    ]) {
      const told = `${name} takes a whole number in digits, ${words}`;
      await refuseNumbers(page, page.getByLabel(name, { exact: true }), { values, told, kept, act });
    }
    assert.equal(await figure(page, "used"), "7 of 9");
    await act();
    await page.locator(".matches", { hasText: "30 instances" }).waitFor();
  }),
);

test(
  "a long description is read in slices, and what is wrong with it is told as of the whole",
  withPage(async (page) => {
    const instance = (number, amount = 2048) => ({
      containerInstanceArn: `i-${number}`,
      registeredResources: [
        { name: "CPU", type: "INTEGER", integerValue: amount },
        { name: "MEMORY", type: "INTEGER", integerValue: 4096 },
      ],
    });
    const containerInstances = Array.from({ length: 1200 }, (_, number) => instance(number));
    await give(page, { containerInstances, failures: [] });
    await page.locator(".matches", { hasText: "1,200 instances" }).waitFor();
    const wrong = containerInstances.with(700, instance(700, "many"));
    await give(page, { containerInstances: wrong, failures: [] });
    await page.locator(".notice.error", { hasText: "containerInstances[700]" }).waitFor();
    assert.equal(await figure(page, "used"), "0 of 1,200");
    // What a document may not say a long one may not say either, though JavaScript reads it.
    const text = JSON.stringify({ containerInstances: [...containerInstances, instance('"],[{')], failures: [] }, undefined, 1);
    for (const [written, wrong, told] of [
      ['"integerValue": 4096', '"integerValue": 1, "integerValue": 4096', "appears twice"],
      ['"integerValue": 4096', '"integerValue": 4096.0', "a number with a fraction"],
      ['"failures"', '"containerInstances": [], "failures"', "appears twice"],
      ['"containerInstanceArn": "i-9"', '"containerInstance": {}', "containerInstances[9]"],
    ]) {
      assert.ok(text.includes(written), written);
      await giveTexts(page, text.replace(written, wrong));
      await page.locator(".notice.error", { hasText: told }).waitFor();
      await page.locator(".notice").getByLabel("Close the message").click();
    }
    await giveTexts(page, text.replace('"integerValue": 4096', '"integerValue": 4096, "longValue": 9007199254740993'));
    await page.locator(".matches", { hasText: "1,201 instances" }).waitFor();
  }),
);

test(
  "what is opened can be stopped half-way, and what was there stays, also for what was asked for meanwhile",
  withPage(async (page) => {
    const before = await figure(page, "tasks");
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByLabel("Instances", { exact: true }).fill("100000");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator("progress").waitFor();
    await page.getByRole("button", { name: "Generate" }).click();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByText("stopped, and nothing of it was done").waitFor();
    assert.deepEqual([await figure(page, "used"), await figure(page, "tasks")], ["7 of 9", before]);
    await page.getByRole("tab", { name: "Place" }).click();
    await page.getByRole("button", { name: "Place 1", exact: true }).click();
    await page.locator('[data-figure="tasks"]', { hasText: String(Number(before) + 1) }).waitFor();
  }),
);

test(
  "what is asked of an instance while another cluster is opened is not asked of that one",
  withPage(async (page) => {
    await page.getByRole("application").focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByLabel("Instances", { exact: true }).fill("100000");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator("progress").waitFor();
    await page.getByRole("button", { name: "Drain" }).click();
    await page.locator(".matches", { hasText: "100,000 instances" }).waitFor();
    await page.locator("progress").waitFor({ state: "detached" });
    assert.equal(await page.locator(".notice.error").count(), 0);
    await page.getByRole("tab", { name: "Place" }).click();
    assert.ok(await page.getByRole("button", { name: "Undo" }).isDisabled());
  }),
);

test(
  "pasted JSON is opened, and JSON that is none is refused with the place",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByText("Paste JSON").click();
    await page.getByLabel("ECS JSON").fill('{"containerInstances": [');
    await page.getByRole("button", { name: "Open what was pasted" }).click();
    await page.getByText("pasted.json is no JSON").waitFor();
    await page
      .getByLabel("ECS JSON")
      .fill('{"containerInstances": [{"containerInstanceArn": "a"}, {"containerInstanceArn": "a"}]}');
    await page.getByRole("button", { name: "Open what was pasted" }).click();
    await page.locator(".notice.error", { hasText: "`a`" }).waitFor();
    assert.equal(await figure(page, "used"), "7 of 9");
    await page.getByLabel("ECS JSON").fill(await readFile(join(root, "cli/samples/cluster.json"), "utf8"));
    await page.getByRole("button", { name: "Open what was pasted" }).click();
    // Without tasks.json nobody knows whose tasks these are, and no definition is there to be placed.
    await page.waitForFunction(() => document.querySelector("textarea")?.value === "");
    await page.getByRole("tab", { name: "Place" }).click();
    assert.equal(await page.getByLabel("Definition").inputValue(), "form");
  }),
);

test(
  "files that belong together are dropped together",
  withPage(async (page) => {
    const names = ["cluster.json", "tasks.json", "web.json", "gpu.json", "static-port.json"];
    await drop(
      page,
      names.map((name) => join(root, "cli/samples", name)),
    );
    await page.getByRole("tab", { name: "Share" }).click();
    assert.equal(await figure(page, "tasks"), "12");
    assert.equal(await figure(page, "used"), "7 of 9");
  }),
);

test(
  "files are chosen as well as dropped, and what is none of ours is refused",
  withPage(async (page) => {
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByLabel("Files to open").setInputFiles([join(root, "cli/samples/tasks.json")]);
    await page.locator(".notice.error", { hasText: "tasks go onto a cluster that was opened from a file" }).waitFor();
    await page.getByLabel("Files to open").setInputFiles([join(root, "README.md")]);
    await page.locator(".notice.error", { hasText: "README.md is no JSON" }).waitFor();
    await page
      .getByLabel("Files to open")
      .setInputFiles([join(root, "cli/samples/cluster.json"), join(root, "cli/samples/web.json")]);
    await page.getByRole("tab", { name: "Place" }).click();
    await page.waitForFunction(() => document.querySelectorAll("nav select option[value^='known:']").length === 1);
    await page.getByRole("tab", { name: "Cluster" }).click();
    await page.getByLabel("Files to open").setInputFiles([join(root, "cli/samples/tasks.json")]);
    await page.locator(".legend", { hasText: "service:edge" }).waitFor();
    assert.equal(await figure(page, "tasks"), "12");
  }),
);

test(
  "descriptions of parts of a cluster keep their tasks and definitions, and what they differ in is told",
  withPage(async (page) => {
    const part = (id, more = {}) => ({
      containerInstances: [
        { containerInstanceArn: id, registeredResources: [{ name: "CPU", type: "INTEGER", integerValue: 1024 }] },
      ],
      taskDefinitions: [{ family: `of-${id}`, containerDefinitions: [{ name: "x", cpu: 1, memory: 4 }] }],
      ...more,
    });
    await give(page, part("a"), part("b"));
    await page.locator(".matches", { hasText: "2 instances" }).waitFor();
    await page.getByRole("tab", { name: "Place" }).click();
    assert.deepEqual((await page.getByLabel("Definition").locator("option").allTextContents()).slice(0, 2), ["of-a:1", "of-b:1"]);
    await give(page, part("a", { xSubnets: { s: "z1" } }), part("b", { xSubnets: { s: "z2" } }));
    await page.locator(".notice.error", { hasText: "`xSubnets` of given-1.json" }).waitFor();
  }),
);

test(
  "a task definition that is dropped is what is placed next",
  withPage(async (page) => {
    await drop(page, [join(root, "cli/samples/web.json")]);
    await page.getByText("web.json is what is placed next").waitFor();
    await page.getByRole("button", { name: "10", exact: true }).click();
    await page.getByText("10 × web:", { exact: false }).first().waitFor();
    assert.equal(await figure(page, "tasks"), "22");
  }),
);

test("the whole trace is placed as the native example places it", { timeout: 120_000 }, async () => {
  const example = await readFile(join(root, "core/examples/openb/main.rs"), "utf8");
  const [, placed, unplaced] = /binpack-memory\s+(\d+)\s+(\d+)/.exec(example) ?? [];
  assert.ok(placed !== undefined, "the example says how many tasks it places");
  const { page, faults, close } = await open(held.browser, held.server.origin);
  await page.getByRole("tab", { name: "Cluster" }).click();
  await page.getByRole("button", { name: /OpenB trace/ }).click();
  await page.locator(".matches", { hasText: "1,523 instances" }).waitFor();
  await page.getByRole("tab", { name: "Place" }).click();
  await page.getByLabel("Preset for Strategies").selectOption({ label: "Binpack memory" });
  await page.getByRole("button", { name: "All", exact: true }).click();
  await page.getByText("8,152 of 8,152 tasks have arrived").waitFor();
  assert.equal(await figure(page, "tasks"), Number(placed).toLocaleString("en"));
  await page
    .getByText(`${Number(placed).toLocaleString("en")} placed, ${unplaced} not`)
    .first()
    .waitFor();
  assert.deepEqual(faults, []);
  await close();
});

test(
  "the lists of the trace can be dropped as CSV",
  withPage(async (page) => {
    await page.evaluate(() => {
      const nodes = "sn,cpu_milli,memory_mib,gpu,model\nn-0,64000,262144,2,P100\nn-1,96000,262144,0,\n";
      const pods =
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n" +
        "p-1,12000,16384,1,460,P100,LS,Running,5,9,5\np-0,6000,12288,1,1000,V100,LS,Running,1,9,1\n";
      const transfer = new DataTransfer();
      transfer.items.add(new File([nodes], "nodes.csv"));
      transfer.items.add(new File([pods], "pods.csv"));
      document.querySelector(".page")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
    });
    await page.locator(".matches", { hasText: "2 instances" }).waitFor();
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByText("1 placed, 1 not").first().waitFor();
  }),
);
