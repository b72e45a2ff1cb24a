// Numbers and names as people read them.

const whole = new Intl.NumberFormat("en");

/** A whole number with separators. */
export const count = (value: number | bigint): string => whole.format(value);

/** A share of one as a percentage. */
export const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)} %`;

/** A number with its noun. */
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

/** An ARN's last part; other ids as they are. */
export const short = (id: string): string => id.slice(id.lastIndexOf("/") + 1);

/** The same, cut in the middle where it is long. */
export function brief(id: string): string {
  const name = short(id);
  return name.length > 22 ? `${name.slice(0, 8)}…${name.slice(-6)}` : name;
}

/** An attribute's name without the prefix that all of ECS's have. */
export const attribute = (name: string): string => name.replace(/^ecs\./, "");

/** A rule of a chain in words, be it written as `spread:FIELD` or as `spread(FIELD)`. */
export function rule(text: string): string {
  const [type = "", ...rest] = text.replace(/^(\w+)\((.*)\)$/, "$1:$2").split(":");
  const field = rest.join(":");
  if (type === "spread")
    return `spread over ${field === "instanceId" || field === "host" ? "instances" : attribute(field.replace(/^attribute:/, ""))}`;
  if (type === "binpack") return `binpack ${field === "cpu" ? "CPU" : field}`;
  return text;
}

/** A chain in words. */
export const chain = (rules: readonly string[]): string =>
  rules.length === 0 ? "a seeded draw" : rules.map(rule).join(", then ");
