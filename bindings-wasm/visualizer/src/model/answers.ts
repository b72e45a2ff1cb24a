// What the second module answers, as far as the page reads it. The keys are those of `placewright pack`, `fleet` and `rearrange`.

/** Bins filled alike. */
export interface PackedBin {
  readonly type: string;
  readonly count: number;
  /** Positions of items, each with how many are in each of the bins. */
  readonly items: readonly (readonly [number, number])[];
}

/** A packing, with how far from the best it is at most. */
export interface PackAnswer<Bin extends PackedBin = PackedBin> {
  readonly value: number;
  readonly lowerBound: number;
  readonly boundName: string;
  readonly gap: number;
  readonly optimal: boolean;
  readonly solver: string;
  readonly steps: number;
  readonly milliseconds: number;
  readonly bins: readonly Bin[];
  readonly unpacked: readonly { readonly item: number; readonly id: string; readonly count: number; readonly reason: string }[];
}

/** Bins that are bought. */
export interface BoughtBin extends PackedBin {
  /** Name of the type; null for an instance that runs already. */
  readonly offer: string | null;
  readonly zone: string | null;
  readonly cost: number;
}

/** What to buy. */
export interface FleetAnswer extends PackAnswer<BoughtBin> {
  readonly cost: number;
  readonly alternatives: readonly {
    readonly name: string;
    readonly type: string | null;
    readonly cost: number;
    readonly instances: number;
    readonly missing: number;
  }[];
  readonly rooms: readonly {
    readonly dimension: string;
    readonly capacity: number;
    readonly used: number;
    readonly left: number;
    readonly stranded: number;
  }[];
  readonly changes: readonly { readonly type: string; readonly from: number; readonly to: number }[];
  readonly zones: readonly string[];
  readonly shortOfZones: boolean;
}

/** A task that moves. */
export interface Move {
  readonly task: string;
  readonly group: string;
  readonly taskDefinition: string;
  readonly from: string;
  readonly to: string;
}

/** A cluster in a few figures. */
export interface Score {
  readonly instances: number;
  readonly cpuLeft: number;
  readonly memoryLeft: number;
  readonly gpusLeft: number;
  readonly skewMax: number;
  readonly skewSum: number;
}

/** What to move. */
export interface RearrangeAnswer {
  readonly goal: "empty" | "spread";
  readonly stopFirst: boolean;
  readonly moves: readonly Move[];
  readonly emptied: readonly string[];
  readonly before: Score;
  readonly after: Score;
  readonly steps: number;
  readonly cutShort: boolean;
}

/** How far a search is. */
export interface PackProgress {
  readonly value: number | undefined;
  readonly missing: number;
  readonly lowerBound: number;
  readonly boundName: string;
  readonly gap: number | undefined;
  readonly solver: string;
  readonly steps: number;
  readonly milliseconds: number;
}

/** How far planning moves is. */
export interface MoveProgress {
  readonly moves: number;
  readonly steps: number;
  readonly milliseconds: number;
}
