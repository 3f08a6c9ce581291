import { createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';

const hashKey = randomBytes(32);

/**
 * The counter of what anybody may choose: a keyed hash of 17 bits, so that nobody can make this process keep more counters than that, or
 * choose whom to share one with.
 */
export const counterOf = (text: string): string =>
  (createHmac('sha256', hashKey).update(text).digest().readUInt32BE() >>> 15).toString();

/** Who counts as one at an address: an IPv6 customer has a /64 at least. */
export const networkOf = (address: string): string => {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array<string>(8 - groups.length - after.length).fill('0') : [];
  return [...groups, ...zeros, ...after].slice(0, 4).join(':');
};
