// What is wrong with an expression: the place with a caret under it, the message, and corrections to take over.

import type { Diagnostic } from "../engine.ts";
import { excerpt } from "../model/excerpt.ts";

interface ProblemsProps {
  readonly id: string;
  readonly source: string;
  readonly problems: readonly Diagnostic[];
  readonly onFix: (suggestion: Diagnostic["suggestions"][number]) => void;
}

/** Most that are shown. */
const SHOWN_MAX = 3;

export function Problems({ id, source, problems, onFix }: ProblemsProps) {
  const more = problems.length - SHOWN_MAX;
  return (
    <div id={id} class="problems" role="status">
      {problems.slice(0, SHOWN_MAX).map((problem) => (
        <Problem key={`${problem.span.start} ${problem.code}`} source={source} problem={problem} onFix={onFix} />
      ))}
      {more > 0 && <p class="soft">and {more} more</p>}
    </div>
  );
}

interface ProblemProps extends Pick<ProblemsProps, "source" | "onFix"> {
  readonly problem: Diagnostic;
}

function Problem({ source, problem, onFix }: ProblemProps) {
  const { line, marks } = excerpt(source, problem.span.start, problem.span.end);
  return (
    <div class={`problem ${problem.severity}`}>
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
