// Pack: all tasks at once into few instances, with how few could do.

import { Items, Search, Types } from "./asked.tsx";

export function PackPanel() {
  return (
    <>
      <p class="soft">All tasks at once, so that no order matters: how few instances hold them, and how few could at best.</p>
      <Items />
      <Types hasOwn />
      <Search kind="pack" title="Pack" />
    </>
  );
}
