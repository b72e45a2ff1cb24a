// The panels there are, in order.

import type { ComponentType } from "preact";
import { ClusterPanel } from "./cluster.tsx";
import { ComparePanel } from "./compare.tsx";
import { FleetPanel } from "./fleet.tsx";
import { PackPanel } from "./pack.tsx";
import { PlacePanel } from "./place.tsx";
import { RearrangePanel } from "./rearrange.tsx";
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
  { id: "pack", title: "Pack", component: PackPanel },
  { id: "fleet", title: "Fleet", component: FleetPanel },
  { id: "rearrange", title: "Rearrange", component: RearrangePanel },
  { id: "share", title: "Share", component: SharePanel },
];
