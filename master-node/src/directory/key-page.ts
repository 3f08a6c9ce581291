import {
  kyberPreKey,
  LIMITS,
  preKey,
  type KeyStock,
  type KyberPreKey,
  type PreKey,
} from '@restante/protocol';
import { z } from 'zod';

/**
 * The one-time keys of a device that are left, as one document: what is handed out is no longer on it, and every id below
 * `end` that is not on it is used. So a page knows all that was ever used and does not grow with it; ids must rise from one
 * upload to the next.
 */

/** The first that is no id. */
const ALL_IDS = LIMITS.keyId + 1;

type Key = { readonly keyId: number; readonly publicKey: string };

const supply = <K extends Key>(key: z.core.$ZodType<K>) =>
  z
    .object({ end: z.int().min(0).max(ALL_IDS), keys: z.array(key) })
    .refine(({ end, keys }) => keys.every(({ keyId }, index) => keyId < (keys[index + 1]?.keyId ?? end)));

/** One-time keys of one kind, by rising id. */
export type Supply<K> = { readonly end: number; readonly keys: readonly K[] };
export type KeyPage = { readonly ec: Supply<PreKey>; readonly kyber: Supply<KyberPreKey> };
export const keyPage = z.object({ ec: supply(preKey), kyber: supply(kyberPreKey) });

const none = (end: number): KeyPage => ({ ec: { end, keys: [] }, kyber: { end, keys: [] } });
/** Of a device that has uploaded none yet. */
export const EMPTY_PAGE = none(0);
/** Of a device that has been removed: all are used, whatever comes late. */
export const CLOSED_PAGE = none(ALL_IDS);

export const isClosed = ({ ec, kyber }: KeyPage): boolean =>
  [ec, kyber].every(({ end, keys }) => end === ALL_IDS && keys.length === 0);

export const stockOf = ({ ec, kyber }: KeyPage): KeyStock => ({
  preKeys: ec.keys.length,
  kyberPreKeys: kyber.keys.length,
});

const isOn = ({ keys }: Supply<Key>, key: Key): boolean =>
  keys.some(({ keyId, publicKey }) => keyId === key.keyId && publicKey === key.publicKey);

/** What is used on either side is used, and so is an id that two keys have. */
const mergeSupplies = <K extends Key>(a: Supply<K>, b: Supply<K>): Supply<K> => {
  const ofA = a.keys.filter((key) => key.keyId >= b.end || isOn(b, key));
  const ofB = b.keys.filter(({ keyId }) => keyId >= a.end);
  return {
    end: Math.max(a.end, b.end),
    keys: [...ofA, ...ofB].sort((one, other) => one.keyId - other.keyId),
  };
};

/** One page that says of every key what any of these says: the same in whatever order and however often they are merged. */
export const mergePages = (pages: readonly [KeyPage, ...KeyPage[]]): KeyPage =>
  pages.reduce((a, b) => ({
    ec: mergeSupplies(a.ec, b.ec),
    kyber: mergeSupplies(a.kyber, b.kyber),
  }));

const addTo = <K extends Key>(to: Supply<K>, added: readonly K[]): Supply<K> => {
  const fresh = new Map(added.filter(({ keyId }) => keyId >= to.end).map((key) => [key.keyId, key]));
  if (fresh.size === 0) return to;
  const keys = [...fresh.values()].sort((a, b) => a.keyId - b.keyId);
  return { end: Math.max(...fresh.keys()) + 1, keys: [...to.keys, ...keys] };
};

/** Adds keys. One whose id the page has seen, on it or used, changes nothing; the same page when all are. */
export const addKeys = (
  page: KeyPage,
  keys: { readonly preKeys: readonly PreKey[]; readonly kyberPreKeys: readonly KyberPreKey[] },
): KeyPage => {
  const after = { ec: addTo(page.ec, keys.preKeys), kyber: addTo(page.kyber, keys.kyberPreKeys) };
  return after.ec === page.ec && after.kyber === page.kyber ? page : after;
};

/**
 * A key is drawn from so many of the oldest: two servers that do not see each other seldom draw the same, and no key waits for
 * so long that its device has forgotten the private half.
 */
const DRAWN_FROM = 32;

const draw = <K>({ end, keys }: Supply<K>): { key: K | undefined; left: Supply<K> } => {
  const index = Math.floor(Math.random() * Math.min(DRAWN_FROM, keys.length));
  return { key: keys[index], left: { end, keys: keys.filter((_, place) => place !== index) } };
};

/** One-time keys for one asker; a kind is missing when none is left. */
export type Drawn = { readonly preKey?: PreKey; readonly kyberPreKey?: KyberPreKey };

/** Takes keys for so many askers off a page. */
export const drawKeys = (page: KeyPage, askers: number): { page: KeyPage; drawn: Drawn[] } => {
  const drawn: Drawn[] = [];
  let { ec, kyber } = page;
  for (let count = 0; count < askers; count += 1) {
    const [one, other] = [draw(ec), draw(kyber)];
    ec = one.left;
    kyber = other.left;
    drawn.push({
      ...(one.key ? { preKey: one.key } : {}),
      ...(other.key ? { kyberPreKey: other.key } : {}),
    });
  }
  return { page: { ec, kyber }, drawn };
};

/** Fewer than this are few. */
const FEW: KeyStock = { preKeys: 20, kyberPreKeys: 4 };

export const isLow = ({ preKeys, kyberPreKeys }: KeyStock): boolean =>
  preKeys < FEW.preKeys || kyberPreKeys < FEW.kyberPreKeys;
