// Shapes of EC2 instance types for synthetic clusters: vCPUs, nominal memory and GPUs are those of karpenter-provider-aws
// (Apache-2.0). An instance registers less memory than it nominally has; a flat part of it is taken off here.

/** An instance type. */
export interface InstanceType {
  readonly name: string;
  readonly architecture: "x86_64" | "arm64";
  readonly vcpus: number;
  readonly nominalMib: number;
  readonly gpus: number;
}

const type = (name: string, vcpus: number, nominalGib: number, gpus = 0): InstanceType => ({
  name,
  architecture: /^[a-z]\dg/.test(name) ? "arm64" : "x86_64",
  vcpus,
  nominalMib: nominalGib * 1024,
  gpus,
});

/** The types there are to choose from. */
export const TYPES: readonly InstanceType[] = [
  type("t3.large", 2, 8),
  type("m6i.large", 2, 8),
  type("m6i.xlarge", 4, 16),
  type("m6i.2xlarge", 8, 32),
  type("m7i.8xlarge", 32, 128),
  type("c6i.xlarge", 4, 8),
  type("c6i.2xlarge", 8, 16),
  type("c7i.8xlarge", 32, 64),
  type("r6i.xlarge", 4, 32),
  type("r6i.2xlarge", 8, 64),
  type("m7g.large", 2, 8),
  type("m7g.xlarge", 4, 16),
  type("c7g.2xlarge", 8, 16),
  type("g4dn.xlarge", 4, 16, 1),
  type("g5.12xlarge", 48, 192, 4),
];

/** Memory that an instance of a type registers, MiB. */
export function registeredMib({ nominalMib }: InstanceType): number {
  return Math.floor(nominalMib * 0.97) - 256;
}
