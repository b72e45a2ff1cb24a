// What is wrong with an expression: the place with a caret under it, the message, and corrections to take over.

import type { Diagnostic } from "../engine.ts";
import { excerpt } from "../model/excerpt.ts";

interface ProblemProps {
  readonly id: string;
  readonly source: string;
  readonly problem: Diagnostic;
  readonly onFix: (suggestion: Diagnostic["suggestions"][number]) => void;
}

export function Problem({ id, source, problem, onFix }: ProblemProps) {
  const { line, marks } = excerpt(source, problem.span.start, problem.span.end);
  return (
    <div id={id} class={`problem ${problem.severity}`} role="status">
      <pre aria-hidden="true">
        {line}
        {"\n"}
        {marks}
      </pre>
      <p>
        {problem.message}
        {problem.help === undefined ? "" : `; ${problem.help}`}
      </p>
      {problem.help === undefined && problem.expected.length > 0 && (
        <p class="soft">expected: {problem.expected.slice(0, 12).join("  ")}</p>
      )}
      {problem.suggestions.slice(0, 3).map((suggestion) => (
        <button key={suggestion.text} type="button" class="small" onClick={() => onFix(suggestion)}>
          use <code>{suggestion.text}</code>
        </button>
      ))}
    </div>
  );
}
