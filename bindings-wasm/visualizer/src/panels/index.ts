// The panels there are, in order. One that runs another engine beside placing (packing, fleets, rearranging) is one more entry, whose
// component loads its module when it is first opened.

import type { ComponentType } from "preact";
import { ClusterPanel } from "./cluster.tsx";
import { ComparePanel } from "./compare.tsx";
import { PlacePanel } from "./place.tsx";
import { SharePanel } from "./share.tsx";

/** A panel. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly component: ComponentType;
}

export const PANELS: readonly Panel[] = [
  { id: "cluster", title: "Cluster", component: ClusterPanel },
  { id: "place", title: "Place", component: PlacePanel },
  { id: "compare", title: "Compare", component: ComparePanel },
  { id: "share", title: "Share", component: SharePanel },
];
