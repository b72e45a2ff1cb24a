// Ask: the expression editor selects, completes, and says what is wrong and where.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp } from "./harness.mjs";

const { withPage } = setUp({ before, after });
const field = (page) => page.getByRole("combobox", { name: "Select instances" });
const matches = (page) => page.locator(".matches");

test(
  "instances are selected while the expression is written",
  withPage(async (page) => {
    await field(page).fill("attribute:ecs.instance-type =~ m6i.*");
    await matches(page).getByText("2 instances selected").waitFor();
    await field(page).fill("task:group == service:web and attribute:ecs.availability-zone == us-east-1a");
    await matches(page).getByText("2 instances selected").waitFor();
    await page.getByRole("button", { name: "clear" }).click();
    await matches(page).getByText("9 instances").waitFor();
    assert.equal(await field(page).inputValue(), "");
  }),
);

test(
  "the selection follows what is placed",
  withPage(async (page) => {
    await field(page).fill("runningTasksCount > 3");
    await matches(page).getByText("0 instances selected").waitFor();
    await page.getByRole("button", { name: "100", exact: true }).click();
    await matches(page).getByText("0 instances selected").waitFor({ state: "detached" });
    const selected = Number.parseInt(await matches(page).textContent(), 10);
    assert.ok(selected > 0, `${selected} instances run more than three tasks`);
    await page.getByRole("button", { name: "Undo" }).click();
    await matches(page).getByText("0 instances selected").waitFor();
  }),
);

test(
  "what is wrong is shown with a caret below it, and its correction taken over",
  withPage(async (page) => {
    const text = "agentConnected == true and atribute:stack == prod";
    await field(page).fill(text);
    const problem = page.locator(".problem.error");
    await problem.getByText("unknown subject").waitFor();
    const [line, carets] = (await problem.locator("pre").textContent()).split("\n");
    assert.equal(line.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1).startsWith("atribute"), true, `${line}\n${carets}`);
    assert.equal(await field(page).getAttribute("aria-invalid"), "true");
    await problem.getByRole("button", { name: /use attribute/ }).click();
    await problem.waitFor({ state: "detached" });
    assert.match(await field(page).inputValue(), /and attribute:stack == prod$/);
  }),
);

test(
  "of a long expression the part around the place is shown, with a mark where it goes on and the caret in its column",
  withPage(async (page) => {
    const problem = page.locator(".problem.error");
    const long = "attribute:some-very-long-name-of-an-attribute == x";
    for (const [text, wrong, line] of [
      // On both sides, on the left, on the right, on none.
      [`${long} and nosuch == 1 and ${long}`, "nosuch", "…-attribute == x and nosuch == 1 and attribute:some-very-long-name-…"],
      [`${long} and nosuch == 1`, "nosuch", "…-attribute == x and nosuch == 1"],
      [`nosuch == 1 and ${long}`, "nosuch", "nosuch == 1 and attribute:some-very-long-name-…"],
      ["nosuch == 1 and agentConnected == true", "nosuch", "nosuch == 1 and agentConnected == true"],
      // A character of two code units is one, and what is exactly as much as is shown is not cut.
      ["attribute:abcd == '🦀'  and (nosuch == 1)", "nosuch", "…e:abcd == '🦀'  and (nosuch == 1)"],
      ["attribute:a !=\t🦀 or nosuch == 1", "nosuch", "attribute:a != 🦀 or nosuch == 1"],
      // A place that is longer than what is shown of it.
      [`${"n".repeat(70)} == 1`, "n".repeat(60), `${"n".repeat(60)}…`],
    ]) {
      await field(page).fill(text);
      await problem.locator("pre", { hasText: line.slice(0, 20) }).waitFor({ state: "attached" });
      const [shown, carets] = (await problem.locator("pre").textContent()).split("\n");
      assert.equal(shown, line);
      assert.equal(
        Array.from(shown)
          .slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1)
          .join(""),
        wrong,
      );
    }
    // Where there is less room than that, what does not fit is marked as well.
    await page.getByRole("button", { name: "Add memberOf" }).click();
    await page.getByRole("combobox", { name: "memberOf 1" }).fill(`${long} and nosuch == 1 and ${long}`);
    const narrow = page.locator(".member .problem.error pre");
    await narrow.waitFor();
    assert.equal(
      await narrow.evaluate((element) => element.scrollWidth > element.clientWidth && getComputedStyle(element).textOverflow),
      "ellipsis",
    );
  }),
);

test(
  "each mistake is shown at its place, and those that are corrected go one by one",
  withPage(async (page) => {
    await field(page).fill(
      "agentConected == true and (runningTasksCount > many or attribute:ecs.instance-typ == x) and agentVersion =~ 1 and nosuch == 1",
    );
    await field(page).press("Escape");
    const marked = () =>
      page.locator(".problem pre").evaluateAll((all) =>
        all.map((pre) => {
          const [line, carets] = pre.textContent.split("\n");
          return line.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1);
        }),
      );
    await page.getByText("and 2 more").waitFor();
    assert.deepEqual(await marked(), ["agentConected", "many", "=~"]);
    assert.equal(await page.locator(".paint .error").count(), 4);
    await page.getByRole("button", { name: "use agentConnected" }).click();
    await field(page).press("Escape");
    await page.getByText("and 1 more").waitFor();
    assert.deepEqual(await marked(), ["many", "=~", "nosuch"]);
    // Errors first: a warning is no reason not to select.
    await field(page).fill("attribute:ecs.instance-typ == x and nosuch == 1");
    await field(page).press("Escape");
    await page.locator(".problem.warning").waitFor();
    assert.deepEqual(await marked(), ["nosuch", "attribute:ecs.instance-typ"]);
    const described = await field(page).getAttribute("aria-describedby");
    assert.equal(await page.locator(`[id="${described}"] .problem`).count(), 2);
    assert.equal(await field(page).getAttribute("aria-invalid"), "true");
  }),
);

test(
  "a name that no instance has is a warning, and not an error",
  withPage(async (page) => {
    await field(page).fill("attribute:ecs.instance-typ == m6i.xlarge");
    await page.locator(".problem.warning").waitFor();
    await matches(page).getByText("0 instances selected").waitFor();
  }),
);

test(
  "names and values of the cluster are completed with the keyboard",
  withPage(async (page) => {
    await field(page).focus();
    await page.keyboard.type("attribute:ecs.inst");
    await page.getByRole("option", { name: /ecs\.instance-type/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.match(await field(page).inputValue(), /^attribute:ecs\.instance-type ?$/);
    await page.keyboard.type("== g");
    await page.getByRole("option", { name: /g4dn\.xlarge/ }).waitFor();
    const option = page.getByRole("option", { name: /g5\.12xlarge/ });
    await option.click();
    assert.equal(await field(page).inputValue(), "attribute:ecs.instance-type == g5.12xlarge");
    await matches(page).getByText("1 instance selected").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator('[role="option"]').count(), 0);
  }),
);

test(
  "a text of any kind is no reason to fail",
  withPage(async (page) => {
    for (const text of [
      "(",
      "))))",
      "attribute:",
      "a".repeat(3000),
      "not ".repeat(300),
      "'\"`<b>",
      "🦀 == 🦀",
      "attribute:x =~ ((a+)+)+$",
    ]) {
      await field(page).fill(text);
      assert.equal(await field(page).inputValue(), text);
    }
    await field(page).fill("attribute:ecs.os-type == linux");
    await matches(page).getByText("9 instances selected").waitFor();
  }),
);
