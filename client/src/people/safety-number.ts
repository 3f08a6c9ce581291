import type { AccountId } from '@restante/protocol';
import { LRUCache } from 'lru-cache';
import type { Ratchet } from '../ratchet/ratchet.ts';

/** One of the two who compare: an account and the sorted identity keys (base64) of its devices. */
export type SafetySide = { readonly accountId: AccountId; readonly identityKeys: readonly string[] };

const GROUPS = 6;
const GROUP_BYTES = 5;
const GROUP_DIGITS = 5;
/** Halves that are remembered: one costs thousands of hashes. */
const MAX_REMEMBERED = 500;

/** 30 digits for the sorted digits of several devices. */
const combined = async (digits: readonly string[]): Promise<string> => {
  const text = new TextEncoder().encode([...digits].sort().join(''));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-512', text));
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const bytes = hash.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES);
    const value = bytes.reduce((sum, byte) => sum * 0x100 + byte, 0) % 10 ** GROUP_DIGITS;
    return String(value).padStart(GROUP_DIGITS, '0');
  });
  return groups.join('');
};

/** Makes safety numbers: 60 digits, the same on both sides as long as both know the same devices. */
export const createSafetyNumbers = (ratchet: Pick<Ratchet, 'fingerprint'>) => {
  const halves = new LRUCache<string, Promise<string>>({ max: MAX_REMEMBERED });

  const makeHalf = async ({ accountId, identityKeys }: SafetySide): Promise<string> => {
    const digits = await Promise.all(identityKeys.map((key) => ratchet.fingerprint(accountId, key)));
    const [first] = digits;
    return first !== undefined && digits.length === 1 ? first : combined(digits);
  };
  const halfOf = (side: SafetySide): Promise<string> => {
    const name = [side.accountId, ...side.identityKeys].join(' ');
    const known = halves.get(name);
    if (known !== undefined) return known;
    const half = makeHalf(side);
    halves.set(name, half);
    half.catch(() => halves.delete(name));
    return half;
  };

  return async (one: SafetySide, other: SafetySide): Promise<string> =>
    [await halfOf(one), await halfOf(other)].sort().join('');
};
