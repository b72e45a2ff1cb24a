// Expressions: compiling, diagnoses, tokens, completion.

import assert from "node:assert/strict";
import test from "node:test";

import { Cluster, compile, diagnose, tokens } from "../pkg/node.js";
import { ROOT, cluster, read, refusal } from "./support.mjs";

const part = (text, { start, end }) => text.slice(start, end);

test("a query compiles, or says what is wrong and where", () => {
  const compiled = compile("attribute:stack==prod && not(task:group == 'database')");
  assert.equal(compiled.canonical, "attribute:stack == prod and not task:group == database");
  assert.deepEqual(compiled.attributeNames, ["stack"]);
  assert.throws(() => (compiled.canonical = "x"), TypeError);
  const text = "attribute:ö🎉 == 1";
  const odd = refusal(() => compile(text), "expr.syntax");
  assert.equal(part(text, odd.span), "ö");
  const behind = "attribute:a == 'ö🎉' xor";
  assert.equal(part(behind, refusal(() => compile(behind), "expr.syntax").span), "xor");
  const error = refusal(() => compile("attribute:stack == prod and runningTaskCount > 1"), "expr.unknown_subject");
  assert.deepEqual([error.span, error.help, error.class], [{ start: 28, end: 44 }, "did you mean `runningTasksCount`?", "invalid-expression"]);
  assert.deepEqual(error.text.split("\n").slice(1), [
    "  attribute:stack == prod and runningTaskCount > 1",
    `  ${" ".repeat(28)}${"^".repeat(16)}`,
    "  help: did you mean `runningTasksCount`?",
  ]);
});

test("every place an expression may stand shows its fault", () => {
  const c = cluster();
  const wrong = "runningTaskCount > 1";
  const constraint = { placementConstraints: [{ type: "memberOf", expression: wrong }] };
  for (const call of [
    () => c.query(wrong),
    () => c.queryPositions(wrong),
    () => c.place("web", { constraints: `memberOf:${wrong}` }),
    () => c.explain("web", { constraints: `memberOf:${wrong}` }),
    () => c.prepare({ taskDefinition: "web", ...constraint }),
    () => c.runTask(JSON.stringify({ taskDefinition: "web", ...constraint })),
    () => c.registerTaskDefinition({ family: "x", containerDefinitions: [{ name: "a", memory: 4 }], ...constraint }),
    () => c.listContainerInstances({ filter: wrong }),
  ]) {
    const error = refusal(call, "expr.unknown_subject");
    assert.deepEqual([part(error.source, error.span), error.source], ["runningTaskCount", wrong]);
  }
});

test("a diagnosis has what an editor shows", () => {
  const fine = diagnose("attribute:stack == prod");
  assert.deepEqual([fine.canonical, fine.attributeNames, fine.diagnostics], ["attribute:stack == prod", ["stack"], []]);
  const first = (text, c = undefined) => {
    const [one] = (c === undefined ? diagnose(text) : c.diagnose(text)).diagnostics;
    return [one.severity, one.code, part(text, one.span), one.expected, one.suggestions.map((suggestion) => suggestion.text)];
  };
  assert.deepEqual(first("attribute:stack = prod"), [
    "error", "expr.syntax", "=", ["==", "!=", ">", ">=", "<", "<=", "exists", "!exists", "in", "!in", "=~", "!~"], ["=="],
  ]);
  assert.deepEqual(first("runningTaskCount > 1")[4], ["runningTasksCount"]);
  assert.deepEqual(first("atribute:stack == prod")[4], ["attribute:stack"]);
  assert.deepEqual(first("attribute:a exists AND attribute:b exists").slice(2), ["AND", ["and", "or"], ["and"]]);
  assert.deepEqual(first("(attribute:a exists"), ["error", "expr.syntax", "", ["and", "or", ")"], []]);
  assert.deepEqual(first("agentVersion =~ 1.*")[3], ["==", "!=", ">", ">=", "<", "<="]);
  assert.deepEqual(first("agentConnected == yes").slice(1, 4), ["expr.literal", "yes", ["true", "false"]]);
  assert.deepEqual(first("attribute:a in b").slice(2, 4), ["b", ["["]]);
  assert.deepEqual(first("attribute:a in [b c]").slice(2, 4), ["c", [",", "]"]]);
  assert.deepEqual(first("attribute:a == ").slice(2, 4), ["", ["VALUE"]]);
  assert.deepEqual(first("")[3].slice(0, 2), ["not", "("]);
  const c = cluster();
  assert.deepEqual(first("attribute:stak == prod", c), ["warning", "expr.unknown_attribute", "attribute:stak", [], ["attribute:stack"]]);
  assert.deepEqual(first("attribute:stack in [prod, 'prud']", c), ["warning", "expr.unknown_value", "'prud'", [], ["prod"]]);
  assert.deepEqual(c.diagnose("attribute:stack == 'prod' and attribute:stack != nothing and attribute:stack =~ x.*").diagnostics, []);
  assert.equal(c.diagnose("attribute:stack ==").diagnostics[0].severity, "error");
});

test("a diagnosis has every mistake that is one for itself", () => {
  const c = cluster();
  const all = (text, by = diagnose) => by(text).diagnostics.map((one) => [one.severity, one.code, part(text, one.span)]);
  const text = "agentConected == true && (runningTasksCount > 'ö🎉' or attribute:stak == prod) and not agentVersion =~ 1";
  const errors = [["error", "expr.unknown_subject", "agentConected"], ["error", "expr.literal", "'ö🎉'"], ["error", "expr.operator", "=~"]];
  assert.deepEqual(all(text), errors);
  assert.deepEqual(all(text, (given) => c.diagnose(given)), [...errors, ["warning", "expr.unknown_attribute", "attribute:stak"]]);
  assert.equal(refusal(() => c.query(text)).text, refusal(() => compile(text)).text);
  assert.equal(diagnose(text).diagnostics[0].suggestions[0].text, "agentConnected");
  // What is read before an error of syntax is told of, what is behind it is not, nor is there a warning.
  const broken = "nosuch == 1 and attribute:stak = prod and nosuch == 2";
  assert.deepEqual(all(broken, (given) => c.diagnose(given)), [["error", "expr.unknown_subject", "nosuch"], ["error", "expr.syntax", "="]]);
});

test("tokens cover any text in order", () => {
  const kinds = (text) => tokens(text).map((token) => `${token.kind} ${part(text, token)}`);
  assert.deepEqual(kinds("(attribute:é🎉 in [a, 'b c']) && not runningTasksCount>=2 or x =~ [t]2.*"), [
    "punctuation (", "attribute attribute:é🎉", "operator in", "punctuation [", "value a", "punctuation ,", "value 'b c'",
    "punctuation ]", "punctuation )", "keyword &&", "keyword not", "subject runningTasksCount", "operator >=", "value 2", "keyword or",
    "invalid x", "operator =~", "pattern [t]2.*",
  ]);
  assert.deepEqual(kinds("attribute:a == 'open and"), ["attribute attribute:a", "operator ==", "invalid 'open and"]);
  assert.deepEqual(kinds("attribute:a !exists"), ["attribute attribute:a", "operator !exists"]);
  assert.deepEqual(kinds("agentVersion =~ 1"), ["subject agentVersion", "invalid =~", "pattern 1"]);
  const texts = ["queries", "errors"].flatMap((name) =>
    JSON.stringify(JSON.parse(read(`${ROOT}core/testdata/expr/${name}.json`))).match(/"(?:[^"\\]|\\.)*"/g).map((text) => JSON.parse(text)),
  );
  assert.ok(texts.length > 200);
  for (const text of texts) {
    let end = 0;
    for (const token of tokens(text)) {
      assert.ok(token.start >= end && token.end > token.start, text);
      assert.match(text.slice(end, token.start), /^[ \t\r\n]*$/, text);
      end = token.end;
    }
    assert.match(text.slice(end), /^[ \t\r\n]*$/, text);
    if (diagnose(text).canonical !== undefined) assert.ok(tokens(text).every((token) => token.kind !== "invalid"), text);
  }
});

test("completion offers what may stand at a place", () => {
  const c = cluster();
  c.putAttributes("i-0", { rack: "two words" });
  c.place("web", { group: "service:web" });
  const offers = (text, position = text.length) => {
    const { span, items } = c.complete(text, position);
    return [part(text, span), items.map((item) => item.text)];
  };
  assert.deepEqual(offers("attribute:st"), ["attribute:st", ["attribute:stack"]]);
  assert.deepEqual(offers("stac"), ["stac", ["attribute:stack"]]);
  assert.deepEqual(offers("ag")[1].slice(0, 2), ["agentConnected", "agentVersion"]);
  assert.deepEqual(offers("attribute:stack == "), ["", ["dev", "prod"]]);
  assert.deepEqual(offers("attribute:stack == p"), ["p", ["prod"]]);
  assert.deepEqual(offers("attribute:stack in [dev, "), ["", ["dev", "prod"]]);
  assert.deepEqual(offers("attribute:rack == tw"), ["tw", ["'two words'"]]);
  assert.deepEqual(offers("attribute:rack == 'tw"), ["'tw", ["'two words'"]]);
  assert.deepEqual(offers("task:group == "), ["", ["service:web"]]);
  assert.deepEqual(offers("agentConnected == t"), ["t", ["true"]]);
  assert.deepEqual(offers("agentVersion "), ["", ["==", "!=", ">", ">=", "<", "<="]]);
  assert.deepEqual(offers("attribute:stack exists "), ["", ["and", "or"]]);
  assert.deepEqual(offers("(attribute:stack exists "), ["", ["and", "or", ")"]]);
  assert.deepEqual(offers("attribute:stack == prod", 12), ["attribute:st", ["attribute:stack"]]);
  assert.deepEqual(offers("attribute:🎉 == 1 and attribute:st"), ["attribute:st", ["attribute:stack"]]);
  assert.deepEqual(offers("", 99)[0], "");
  const below = refusal(() => c.complete("", -1), "input.invalid");
  assert.equal(below.message, "position: `-1` is outside 0 to 4294967295");
  assert.equal(c.complete("attribute:stack == ", 19).items[1].count, 6);
  // Every offer of an operand, operator or value keeps what is written free of errors up to there.
  for (const text of ["", "attribute:stack ", "attribute:stack == ", "not ", "attribute:stack in [", "agentConnected != "]) {
    for (const item of c.complete(text, text.length).items) {
      const [one] = diagnose(text + item.text).diagnostics;
      assert.ok(one === undefined || one.span.start >= (text + item.text).length || one.code !== "expr.unknown_subject", text + item.text);
    }
  }
});

test("the corpus of errors is refused at its places", () => {
  const c = new Cluster();
  const { cases } = JSON.parse(read(`${ROOT}core/testdata/expr/errors.json`));
  assert.ok(cases.length > 30, `${cases.length}`);
  for (const { name, expression, error } of cases) {
    // Some are described, as they are long.
    if (typeof expression !== "string") continue;
    const refused = refusal(() => compile(expression), error.code);
    const bytes = Buffer.from(expression, "utf8").subarray(...error.span).toString("utf8");
    assert.equal(part(expression, refused.span), bytes, name);
    const [one] = c.diagnose(expression).diagnostics;
    assert.deepEqual([one.code, one.severity, one.span], [error.code, "error", refused.span], name);
    if (one.code === "expr.syntax" && one.help?.startsWith("expected one of")) assert.notDeepEqual(one.expected, [], name);
  }
});
