import { workToSpqrKey } from '../spqr/spqr.ts';
import { MAX_KEY_WORK } from '../spqr/symmetric-chains.ts';
import { sessionsOf } from './archive.ts';
import { chainOf } from './double-ratchet.ts';
import { MAX_SEED_WORK, workToSeed } from './receiving-chain.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionState } from './session-state.ts';
import type { SignalMessage } from './signal-message.ts';

/** Work is counted in HMACs. A key agreement takes about as long as so many. */
const AGREEMENT_WORK = 128;
/** Of the widest gap in both ratchets of one session. */
const MAX_WORK = AGREEMENT_WORK + MAX_SEED_WORK + MAX_KEY_WORK;

/** What has to be done before the MAC of a message can be checked with a session. */
const workToOpen = ({ ratchet, spqr }: SessionState, message: SignalMessage): number => {
  const chain = chainOf(ratchet, message.ratchetKey);
  const workToChain = chain === undefined ? AGREEMENT_WORK : 0;
  const seedWork = workToSeed(chain ?? { counter: 0 }, message.counter);
  return workToChain + seedWork + workToSpqrKey(spqr, message.pqRatchet);
};

/**
 * The sessions that a message may be one of, in the order in which they are tried. A ratchet key belongs to one session:
 * where it is known, no other is tried. Where it is new, it is the current session's, or the archived one's for which it
 * takes the least work. Anybody can make up a message that passes over as many as a session allows, so the work in all
 * sessions together is bounded by that of one.
 *
 * @throws SignalError `invalid-message` when no session could read it
 */
export const sessionsToTry = (record: SessionRecord, message: SignalMessage): readonly SessionState[] => {
  const sessions = sessionsOf(record);
  const knowing = sessions.filter(({ ratchet }) => chainOf(ratchet, message.ratchetKey) !== undefined);
  const [first, ...others] = (knowing.length > 0 ? knowing : sessions).map((session) => ({
    session,
    work: workToOpen(session, message),
  }));
  if (first === undefined) return [];
  let left = MAX_WORK;
  const affordable = [first, ...others.toSorted((one, other) => one.work - other.work)].filter(({ work }) => {
    if (work > left) return false;
    left -= work;
    return true;
  });
  return affordable.map(({ session }) => session);
};
