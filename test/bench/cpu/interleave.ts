/** One of several things that are measured beside each other. */
export interface Arm {
  readonly name: string;
  run(): void | Promise<void>;
}

export interface Timing {
  /** Median of the wall clock, in milliseconds. */
  readonly ms: number;
  /** Median of the processor time of all threads, in milliseconds; what others do on the machine is not in it. */
  readonly cpuMs: number;
  readonly runs: number;
}

export interface Effort {
  /** Rounds at least. */
  readonly rounds: number;
  /** And as many more as begin in this time. */
  readonly seconds: number;
}

const PAUSE_MS = 20;

/** Times all arms in turn, round after round, so that what the machine does meanwhile meets all of them. */
export async function interleave(
  arms: readonly Arm[],
  { rounds, seconds }: Effort,
): Promise<ReadonlyMap<string, Timing>> {
  const samples = new Map(arms.map(({ name }) => [name, { ms: [] as number[], cpuMs: [] as number[] }]));
  for (const { run } of arms) await run();
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < rounds || performance.now() < end; round++) {
    for (const { name, run } of arms) {
      // What an arm leaves behind, threads that spin or memory to be freed, is not for the next one to pay.
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
      const cpu = process.cpuUsage();
      const start = performance.now();
      await run();
      const ms = performance.now() - start;
      const { user, system } = process.cpuUsage(cpu);
      samples.get(name)?.ms.push(ms);
      samples.get(name)?.cpuMs.push((user + system) / 1000);
    }
  }
  return new Map(
    [...samples].map(([name, { ms, cpuMs }]) => [name, { ms: median(ms), cpuMs: median(cpuMs), runs: ms.length }]),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
