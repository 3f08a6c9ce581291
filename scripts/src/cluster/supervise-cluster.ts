import { setTimeout as sleep } from 'node:timers/promises';
import { howItEnded, type ClusterProcess } from './cluster-process.ts';
import type { ClusterEvent } from './start-cluster.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A process that ran this long starts anew with the first pause. */
const HEALTHY_MS = 60_000;

const inOneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

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
        reason = inOneLine(error instanceof Error ? error.message : String(error));
      }
    }
  };

  return ({ process, exit, expected }) => {
    const how = [howItEnded(exit), exit.cause].filter((said) => said !== '').join(': ');
    if (!expected) void revive(process, inOneLine(how));
  };
};
