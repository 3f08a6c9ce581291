import type { Servers } from '../server/servers.ts';
import { pause } from '../pause.ts';
import type { ConnectionState } from './machine.ts';

/** The usual server has been well so many times in a row before anybody goes back to it. */
const TIMES_WELL = 3;

export type WayBackDeps = {
  readonly servers: Pick<Servers, 'usual' | 'health'>;
  /** How often the usual server is looked for, about. */
  readonly everyMs: number;
  /** Begins to move there, unless `stay`; the connection that there is goes on until that one has begun. Does not reject. */
  readonly goBack: (stay: AbortSignal) => Promise<void>;
};

/** Leads back to the usual server whoever is live at another one, once it has been well for a while: each at a moment of their own. */
export const createWayBack = ({ servers, everyMs, goBack }: WayBackDeps) => {
  let looking: AbortController | null = null;

  const look = async (signal: AbortSignal): Promise<void> => {
    let timesWell = 0;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      await pause(Math.round(everyMs * (0.5 + Math.random())), signal);
      if (isOver()) return;
      timesWell = (await servers.health(servers.usual(), signal)) === 'ok' ? timesWell + 1 : 0;
      if (timesWell >= TIMES_WELL && !isOver()) {
        timesWell = 0;
        await goBack(signal);
      }
    }
  };

  return {
    onState: (state: ConnectionState): void => {
      const isElsewhere = state.name === 'live' && state.origin !== servers.usual();
      if (isElsewhere && looking === null) {
        looking = new AbortController();
        void look(looking.signal);
      } else if (!isElsewhere) {
        looking?.abort();
        looking = null;
      }
    },
  };
};
