// Light or dark: what the system says, unless the reader chose.

import { signal } from "@preact/signals";

/** A theme. */
export type Theme = "light" | "dark";

const KEY = "placewright-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    // Storage may be forbidden; the system decides then.
    return undefined;
  }
}

const current = (): Theme => chosen() ?? (system.matches ? "dark" : "light");

export const theme = signal<Theme>(current());

function show(): void {
  document.documentElement.dataset.theme = theme.value;
}

system.addEventListener("change", () => {
  theme.value = current();
  show();
});

/** The other theme. */
export function toggle(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // Then it holds until the page is left.
  }
  show();
}

show();
