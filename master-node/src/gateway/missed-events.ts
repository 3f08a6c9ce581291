import type { Bus } from '../live/bus.ts';
import type { Metrics } from '../metrics.ts';
import { createPacedRound } from '../paced-round.ts';
import type { LiveSession } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Each asks three nodes for its mail: so many a second, and no more. */
const SESSIONS_AT_A_TIME = 50;
const EVERY_MS = 100;

/** What another master told may not have come: everybody who is connected here reads the mailbox once (law 11). */
export const createMissedEvents = (
  bus: Bus,
  sessions: Pick<Sessions, 'all'>,
  caughtUp: Metrics['busCatchUps'],
): Disposable => {
  const round = createPacedRound<LiveSession>({
    all: sessions.all,
    act: (session) => {
      caughtUp.inc();
      session.push({ type: 'catch-up' });
      return 1;
    },
    share: SESSIONS_AT_A_TIME,
    everyMs: EVERY_MS,
  });
  bus.onMissed(({ kind }) => {
    if (kind === 'gap') round.begin();
  });
  return round;
};
