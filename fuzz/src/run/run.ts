import { followLogs } from '@restante/testkit/cluster';
import { draft } from '../inputs/draft.ts';
import { drawInput } from '../inputs/draw.ts';
import type { Input, Kind } from '../inputs/input.ts';
import type { World } from '../inputs/world.ts';
import type { Stage } from '../stage/stage.ts';
import type { Finding } from './finding.ts';
import { createLatencies, type Latencies } from './latencies.ts';
import { growthOf, watchMemory } from './memory.ts';
import type { Outcome } from './outcome.ts';
import { performBytes } from './perform-bytes.ts';
import { performDocuments } from './perform-documents.ts';
import { createFrameLane, type FrameLane } from './perform-frame.ts';
import { performRequest } from './perform-request.ts';
import { smallestOf } from './smallest.ts';

export type Plan = {
  readonly seed: number;
  /** Number of the first input. */
  readonly from: number;
  /** How many; `Infinity`: until the time is up. */
  readonly inputs: number;
  readonly minutes: number;
  readonly kinds: readonly Kind[];
  /** Inputs that are under way at a time. */
  readonly atOnce: number;
};

export type Result = {
  readonly inputs: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Answers by kind of input, and by what they were for. */
  readonly answers: ReadonlyMap<Kind, ReadonlyMap<string, number>>;
  readonly targets: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly latencies: ReadonlyMap<Kind, Latencies>;
  readonly memoryMb: ReadonlyMap<string, readonly number[]>;
};

/** An answer that comes later is one that somebody waits for. */
export const LATE_MS = 1_000;

/** After so many inputs people talk, memory is noted, and what was found is looked into. */
const ROUND = 5_000;
const MAX_OF_A_KIND = 5;
const MINUTE_MS = 60_000;

type InFlight = { readonly index: number; readonly world: World };

const count = <K>(counts: Map<K, Map<string, number>>, key: K, answer: string): void => {
  const own = counts.get(key) ?? new Map<string, number>();
  counts.set(key, own.set(answer, (own.get(answer) ?? 0) + 1));
};

/** Sends inputs, many at once, and sees what becomes of the services and of people who talk meanwhile. `onProgress`: inputs so far. */
export const run = async (
  stage: Stage,
  plan: Plan,
  onProgress: (done: number) => void,
  signal?: AbortSignal,
): Promise<Result> => {
  const { seed, kinds } = plan;
  const { parts } = stage.cluster;
  const startedMs = performance.now();
  const endsMs = startedMs + plan.minutes * MINUTE_MS;
  const findings: Finding[] = [];
  const answers = new Map<Kind, Map<string, number>>();
  const targets = new Map<string, Map<string, number>>();
  const latencies = new Map<Kind, Latencies>();
  const memory = watchMemory(parts);
  const logs = await followLogs(parts.processes);
  const told = new Set<string>();
  const lanes = new Map<string, { readonly lane: FrameLane; last: Promise<unknown> }>();
  const underWay = new Set<InFlight>();
  const crashes: { readonly how: string; readonly inFlight: readonly InFlight[] }[] = [];
  const strange: (InFlight & { readonly outcome: Outcome; readonly target: string })[] = [];

  stage.onCrash((who, how) => crashes.push({ how: `${who} ended: ${how}`, inFlight: [...underWay] }));

  /** One frame of a device after the other: a second connection would end the first. */
  const performFrame = (input: Extract<Input, { kind: 'frames' }>): Promise<Outcome> => {
    const key = input.device.accountId;
    const own = lanes.get(key) ?? { lane: createFrameLane(stage.frames), last: Promise.resolve() };
    lanes.set(key, own);
    const next = own.last.then(() => own.lane.perform(input));
    own.last = next;
    return next;
  };
  const perform = (input: Input): Promise<Outcome> => {
    switch (input.kind) {
      case 'requests':
        return performRequest(input);
      case 'bytes':
        return performBytes(input);
      case 'frames':
        return performFrame(input);
      case 'documents':
        return performDocuments(input, stage.signer);
      default:
        return input satisfies never;
    }
  };

  const find = (finding: Finding): void => {
    const { kind, what } = finding;
    if (told.has(what) || findings.filter((one) => one.kind === kind).length >= MAX_OF_A_KIND) return;
    told.add(what);
    findings.push(finding);
  };
  const drawn = ({ index, world }: InFlight) => ({ seed, index, world, kinds });

  const one = async (index: number, world: World): Promise<void> => {
    const inFlight = { index, world };
    underWay.add(inFlight);
    const input = drawInput(world, draft(seed, index), kinds);
    const outcome = await perform(input);
    underWay.delete(inFlight);
    const { answer, latencyMs, fault } = outcome;
    count(answers, input.kind, answer);
    count(targets, input.target, answer);
    const own = latencies.get(input.kind) ?? createLatencies();
    latencies.set(input.kind, own);
    own.add(latencyMs);
    if (fault !== null || latencyMs > LATE_MS) strange.push({ ...inFlight, outcome, target: input.target });
  };

  const revive = async (): Promise<void> => {
    await Promise.all(parts.processes.map((process) => process.start()));
    await stage.cluster.heal();
  };
  const lookIntoCrashes = async (): Promise<void> => {
    for (const { how, inFlight } of crashes.splice(0)) {
      await revive();
      const crashesAgain = async (input: Input): Promise<boolean> => {
        await perform(input);
        await stage.settled();
        const hasCrashed = crashes.splice(0).length > 0;
        if (hasCrashed) await revive();
        return hasCrashed;
      };
      let smallest: Input | null = null;
      let indexes = inFlight.map(({ index }) => index);
      for (const suspect of inFlight) {
        smallest = await smallestOf(drawn(suspect), crashesAgain);
        if (smallest === null) continue;
        indexes = [suspect.index];
        break;
      }
      find({ kind: 'crash', what: how, indexes, smallest });
    }
  };
  const lookIntoStrange = async (): Promise<void> => {
    for (const { outcome, target, ...inFlight } of strange.splice(0)) {
      const { fault, latencyMs, answer } = outcome;
      const kind = fault ?? 'late';
      if (findings.filter((finding) => finding.kind === kind).length >= MAX_OF_A_KIND) continue;
      const what =
        fault === null
          ? `${target} was answered after ${Math.round(latencyMs)} ms: ${answer}`
          : `${target}: ${answer}`;
      if (told.has(what)) continue;
      const isSeen = async (input: Input): Promise<boolean> => {
        const again = await perform(input);
        return fault === null ? again.latencyMs > LATE_MS : again.fault === fault;
      };
      const smallest = await smallestOf(drawn(inFlight), isSeen);
      find({ kind, what, indexes: [inFlight.index], smallest });
    }
  };
  const endRound = async (): Promise<void> => {
    await lookIntoCrashes();
    await lookIntoStrange();
    for (const what of await logs.unforeseen()) find({ kind: 'log', what, indexes: [], smallest: null });
    await memory.note();
    try {
      await stage.talk();
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      find({ kind: 'people', what, indexes: [], smallest: null });
    }
  };

  const last = plan.from + plan.inputs;
  let next = plan.from;
  const isOver = (): boolean => next >= last || performance.now() >= endsMs || signal?.aborted === true;
  await memory.note();
  while (!isOver()) {
    const world = await stage.world();
    const roundEnds = Math.min(last, next + ROUND);
    const lane = async (): Promise<void> => {
      while (next < roundEnds && crashes.length === 0 && !isOver()) {
        const index = next;
        next += 1;
        await one(index, world);
      }
    };
    await Promise.all(Array.from({ length: plan.atOnce }, lane));
    await endRound();
    onProgress(next - plan.from);
  }
  for (const { lane } of lanes.values()) lane[Symbol.dispose]();
  for (const [name, notes] of memory.series()) {
    const what = growthOf(name, notes);
    if (what !== null) find({ kind: 'memory', what, indexes: [], smallest: null });
  }
  return {
    inputs: next - plan.from,
    seconds: Math.round((performance.now() - startedMs) / 1_000),
    findings,
    answers,
    targets,
    latencies,
    memoryMb: memory.series(),
  };
};
