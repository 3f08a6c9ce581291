import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { leadingZeroBits, workText, type WorkDemand, type WorkDone } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';

/**
 * What a new account costs whoever wants one. A challenge holds its time and a keyed hash of itself, so that any master that shares the
 * secret knows it again; each master takes it once.
 */
export type RegistrationWork = {
  /** @throws ServiceError `work-needed`, with a challenge, when this is not work for one of those that are good */
  readonly check: (work: WorkDone | undefined) => void;
};

const GOOD_MS = 10 * 60_000;
const TIME_BYTES = 6;
const HEAD_BYTES = TIME_BYTES + 10;
const MAC_BYTES = 16;
/** Challenges that have been used, and are still good. */
const MAX_USED = 200_000;

/** `bits`: 0: an account costs nothing. `secret`: text that only masters know. `now`: milliseconds, and the same for all masters. */
export const createRegistrationWork = (bits: number, secret: string, now: () => number): RegistrationWork => {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'restante registration work', 32));
  const used = new LRUCache<string, true>({ max: MAX_USED, ttl: GOOD_MS });
  const macOf = (head: Uint8Array): Buffer =>
    createHmac('sha256', key).update(head).digest().subarray(0, MAC_BYTES);

  const newChallenge = (): string => {
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(now() + GOOD_MS, 0, TIME_BYTES);
    const head = Buffer.concat([time, randomBytes(HEAD_BYTES - TIME_BYTES)]);
    return Buffer.concat([head, macOf(head)]).toString('base64url');
  };
  const isGood = (challenge: string): boolean => {
    const bytes = Buffer.from(challenge, 'base64url');
    if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== challenge) return false;
    const head = bytes.subarray(0, HEAD_BYTES);
    if (!timingSafeEqual(macOf(head), bytes.subarray(HEAD_BYTES))) return false;
    const goodUntil = head.readUIntBE(0, TIME_BYTES);
    return goodUntil >= now() && goodUntil <= now() + 2 * GOOD_MS;
  };
  const isDone = (work: WorkDone): boolean =>
    isGood(work.challenge) &&
    leadingZeroBits(createHash('sha256').update(workText(work)).digest()) >= bits &&
    !used.has(work.challenge);
  const demand = (): WorkDemand => ({ challenge: newChallenge(), bits });

  return {
    check: (work) => {
      if (bits === 0) return;
      if (work === undefined || !isDone(work))
        throw new ServiceError('work-needed', 'an account costs work', { work: demand() });
      used.set(work.challenge, true);
    },
  };
};
