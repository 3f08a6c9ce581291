import type { Servers } from '../server/servers.ts';

/** A ping without an answer for so long puts a server in doubt. */
const DOUBT_MS = 1_000;
/** Each further server in a row that is given up in doubt had twice the time: who flees from busy servers makes the others busier. */
const MAX_DOUBLINGS = 5;
/** A connection that has lasted so long ends the row. */
const STEADY_MS = 60_000;

/** When the server of one connection is in doubt, and whether it is given up then. */
export type Doubt = { readonly doubtMs: number; readonly isGone: () => Promise<boolean> };

/** Gives up a server that leaves a device without a word while another one answers: a machine that loses its power closes no connection. */
export const createDoubts = (servers: Pick<Servers, 'isOutdone'>) => {
  let row = 0;
  return (origin: string, signal: AbortSignal): Doubt => {
    const openedAt = performance.now();
    return {
      doubtMs: DOUBT_MS * 2 ** Math.min(row, MAX_DOUBLINGS),
      isGone: async () => {
        const isGone = await servers.isOutdone(origin, signal);
        if (isGone && !signal.aborted) row = performance.now() - openedAt < STEADY_MS ? row + 1 : 1;
        return isGone;
      },
    };
  };
};
