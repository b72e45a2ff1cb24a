// A small chart of two lines, labelled at their ends.

/** One line. */
export interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

interface ChartProps {
  readonly title: string;
  readonly x: readonly number[];
  readonly lines: readonly [Line, Line];
  /** The moment that is marked. */
  readonly at: number;
  readonly format: (value: number) => string;
  /** What x is, and how its last value is written. */
  readonly over?: string;
  readonly end?: string;
}

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [300, 132, 8, 12, 20];
/** Room for the label of a line, by its characters. */
const LETTER = 6.4;

export function Chart({ title, x, lines, at, format, over = "arrivals", end }: ChartProps) {
  const label = ({ name, values }: Line) => `${name} ${format(values.at(-1) ?? 0)}`;
  const RIGHT = 14 + LETTER * Math.max(6, ...lines.map((line) => label(line).length));
  const most = Math.max(1e-9, ...lines.flatMap(({ values }) => values));
  const last = x.at(-1) ?? 1;
  const toX = (value: number) => LEFT + (value / (last > 0 ? last : 1)) * (WIDTH - LEFT - RIGHT);
  const toY = (value: number) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const ends = lines.map(({ values }) => toY(values.at(-1) ?? 0));
  // Labels that would lie on each other are moved apart, the lower value downward.
  const [a = 0, b = 0] = ends;
  const middle = Math.min(HEIGHT - BOTTOM - 3, Math.max(TOP + 5, (a + b) / 2));
  const isClose = Math.abs(a - b) < 14;
  const labels = isClose ? (a <= b ? [middle - 7, middle + 7] : [middle + 7, middle - 7]) : [a, b];
  const said = lines.map(({ name, values }) => `${name} ends at ${format(values.at(-1) ?? 0)}`).join(", ");
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title} by ${over}: ${said}`}>
        <line class="axis" x1={LEFT} x2={WIDTH - RIGHT} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
        <line class="axis faint" x1={LEFT} x2={WIDTH - RIGHT} y1={TOP} y2={TOP} />
        <text class="tick" x={LEFT} y={TOP - 3}>
          {format(most)}
        </text>
        <text class="tick" x={LEFT} y={HEIGHT - 6}>
          0
        </text>
        <text class="tick end" x={WIDTH - RIGHT} y={HEIGHT - 6}>
          {end ?? `${last.toLocaleString("en")} ${over}`}
        </text>
        <line class="now" x1={toX(x[at] ?? 0)} x2={toX(x[at] ?? 0)} y1={TOP} y2={HEIGHT - BOTTOM} />
        {lines.map(({ name, values }, number) => (
          <g key={name} class={`line-${number}`}>
            <polyline
              points={values.map((value, each) => `${toX(x[each] ?? 0).toFixed(1)},${toY(value).toFixed(1)}`).join(" ")}
            />
            <circle cx={toX(x[at] ?? 0)} cy={toY(values[at] ?? 0)} r={3} />
            <text x={WIDTH - RIGHT + 6} y={(labels[number] ?? 0) + 4}>
              {label({ name, values })}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}
