import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProcess } from './cluster-process.ts';
import type { ClusterEvent } from './start-cluster.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A process that ran this long starts anew with the first pause. */
const HEALTHY_MS = 60_000;

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/**
 * Starts again what ends by itself, with growing pauses, and tells each fault in one line, until the signal is
 * aborted. The answer is to be told of every end.
 */
export const superviseCluster = (
  print: (line: string) => void,
  signal: AbortSignal,
): ((event: Extract<ClusterEvent, { type: 'exited' }>) => void) => {
  const pauses = new Map<string, { pauseMs: number; startedAt: number }>();

  const revive = async (process: ClusterProcess, how: string): Promise<void> => {
    let reason = `${process.name} ended (${how})`;
    while (!signal.aborted) {
      const last = pauses.get(process.name);
      const wasHealthy = last === undefined || performance.now() - last.startedAt > HEALTHY_MS;
      const pauseMs = wasHealthy ? FIRST_PAUSE_MS : Math.min(last.pauseMs * 2, LONGEST_PAUSE_MS);
      print(`${reason}: starting it again in ${pauseMs / 1000} s`);
      try {
        await sleep(pauseMs, undefined, { signal });
        pauses.set(process.name, { pauseMs, startedAt: performance.now() });
        await process.start();
        print(`${process.name} is back`);
        return;
      } catch (error) {
        reason = firstLine(error);
      }
    }
  };

  return ({ process, exit, expected }) => {
    if (!expected) void revive(process, exit.signal ?? `exit code ${exit.code ?? 'unknown'}`);
  };
};
