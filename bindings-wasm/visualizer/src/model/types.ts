// Shapes of EC2 instance types for synthetic clusters and as a catalogue: vCPUs, nominal memory, GPUs and on-demand prices of us-east-1
// (July 2026) are those of karpenter-provider-aws (Apache-2.0). An instance registers less memory than it nominally has; a flat part
// of it is taken off here.

/** An instance type. */
export interface InstanceType {
  readonly name: string;
  readonly architecture: "x86_64" | "arm64";
  readonly vcpus: number;
  readonly nominalMib: number;
  readonly gpus: number;
  /** US dollars an hour. */
  readonly price: number;
}

const type = (name: string, vcpus: number, nominalGib: number, price: number, gpus = 0): InstanceType => ({
  name,
  architecture: /^[a-z]\dg/.test(name) ? "arm64" : "x86_64",
  vcpus,
  nominalMib: nominalGib * 1024,
  gpus,
  price,
});

/** The types there are to choose from. */
export const TYPES: readonly InstanceType[] = [
  type("t3.large", 2, 8, 0.0832),
  type("m6i.large", 2, 8, 0.096),
  type("m6i.xlarge", 4, 16, 0.192),
  type("m6i.2xlarge", 8, 32, 0.384),
  type("m7i.8xlarge", 32, 128, 1.6128),
  type("c6i.xlarge", 4, 8, 0.17),
  type("c6i.2xlarge", 8, 16, 0.34),
  type("c7i.8xlarge", 32, 64, 1.428),
  type("r6i.xlarge", 4, 32, 0.252),
  type("r6i.2xlarge", 8, 64, 0.504),
  type("m7g.large", 2, 8, 0.0816),
  type("m7g.xlarge", 4, 16, 0.1632),
  type("c7g.2xlarge", 8, 16, 0.29),
  type("g4dn.xlarge", 4, 16, 0.526, 1),
  type("g5.12xlarge", 48, 192, 5.672, 4),
];

/** Memory that an instance of a type registers, MiB. */
export function registeredMib({ nominalMib }: InstanceType): number {
  return Math.floor(nominalMib * 0.97) - 256;
}
