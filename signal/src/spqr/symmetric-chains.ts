import { ascii, be32, concat, wipe } from '../bytes.ts';
import { hkdf } from '../kdf.ts';
import { refuse, SignalError } from '../signal-error.ts';
import type { EpochSecret } from './braid-state.ts';

/**
 * The symmetric layer of SPQR: for each epoch a link with one chain per direction, each message one step of it. Chain
 * epochs count from 0 (the handshake), indexes from 1.
 */

/** Of the party. The initiator of the handshake is 'a-to-b'; it never changes. */
export type Direction = 'a-to-b' | 'b-to-a';

/** An index may be so many steps ahead. */
export const MAX_JUMP = 25_000;
/** A key that was passed over is kept while the newest index is at most so far ahead. */
export const MAX_KEPT_DISTANCE = 2_000;
const MAX_INDEX = 0xffff_ffff;

/** `counter` is the last index used, `next` the chain key (32 bytes) behind it. */
export type SendingChain = { readonly counter: number; readonly next: Uint8Array };
export type SkippedKey = { readonly index: number; readonly key: Uint8Array };
/** `skipped` by ascending index. */
export type ReceivingChain = SendingChain & { readonly skipped: readonly SkippedKey[] };

/** Nothing is sent any more in the epochs before the send epoch. */
export type Link = { readonly sending: SendingChain | null; readonly receiving: ReceivingChain };

export type SymmetricChains = {
  readonly direction: Direction;
  readonly nextRoot: Uint8Array;
  /** Of the newest link. */
  readonly currentEpoch: number;
  readonly sendEpoch: number;
  /** Consecutive epochs, the last one is the current one; from the send epoch - 1 on, where that exists. */
  readonly links: readonly Link[];
};

const START = ascii('Signal PQ Ratchet V1 Chain  Start');
const ADD_EPOCH = ascii('Signal PQ Ratchet V1 Chain Add Epoch');
const NEXT = ascii('Signal PQ Ratchet V1 Chain Next');

const makeLink = (
  direction: Direction,
  root: Uint8Array | null,
  secret: Uint8Array,
  label: Uint8Array,
): { readonly nextRoot: Uint8Array; readonly link: Link } => {
  const output = hkdf(root, secret, label, 96);
  const aToB = { counter: 0, next: output.slice(32, 64) };
  const bToA = { counter: 0, next: output.slice(64) };
  const nextRoot = output.slice(0, 32);
  wipe(output);
  const [sending, receiving] = direction === 'a-to-b' ? [aToB, bToA] : [bToA, aToB];
  return { nextRoot, link: { sending, receiving: { ...receiving, skipped: [] } } };
};

export const initChains = (pqrKey: Uint8Array, direction: Direction): SymmetricChains => {
  const { nextRoot, link } = makeLink(direction, null, pqrKey, START);
  return { direction, nextRoot, currentEpoch: 0, sendEpoch: 0, links: [link] };
};

/** `output.epoch` is the one after the current epoch. */
export const addEpoch = (chains: SymmetricChains, { epoch, secret }: EpochSecret): SymmetricChains => {
  const { nextRoot, link } = makeLink(chains.direction, chains.nextRoot, secret, ADD_EPOCH);
  return { ...chains, nextRoot, currentEpoch: epoch, links: [...chains.links, link] };
};

const firstEpoch = ({ currentEpoch, links }: SymmetricChains): number => currentEpoch - links.length + 1;

const stepOutput = (next: Uint8Array, index: number, length: number): Uint8Array =>
  hkdf(null, next, concat(be32(index), NEXT), length);

/** The chain key alone, for a step whose key nobody will ask for. */
const skip = (next: Uint8Array, index: number): Uint8Array => stepOutput(next, index, 32);

const step = (next: Uint8Array, index: number): { readonly next: Uint8Array; readonly key: Uint8Array } => {
  const output = stepOutput(next, index, 64);
  const made = { next: output.slice(0, 32), key: output.slice(32) };
  wipe(output);
  return made;
};

/** Keeps the links from `epoch` - 1 on, and sends no more in those before `epoch`. */
const moveSendEpoch = (chains: SymmetricChains, epoch: number): SymmetricChains => {
  const oldest = firstEpoch(chains);
  const links = chains.links
    .slice(Math.max(0, epoch - 1 - oldest))
    .map((link, place, kept) =>
      chains.currentEpoch - kept.length + 1 + place < epoch ? { ...link, sending: null } : link,
    );
  return { ...chains, sendEpoch: epoch, links };
};

/** The next sending index and key (32 bytes) of `epoch`, which is the send epoch or a newer one with a link. */
export const sendingKey = (
  given: SymmetricChains,
  epoch: number,
): { readonly chains: SymmetricChains; readonly index: number; readonly key: Uint8Array } => {
  const chains = epoch === given.sendEpoch ? given : moveSendEpoch(given, epoch);
  const place = placeOf(chains, epoch);
  const link = chains.links[place];
  // All 2^32 indexes used: the peer could not read the next one.
  if (!link?.sending || link.sending.counter === MAX_INDEX) throw new SignalError('no-session');
  const index = link.sending.counter + 1;
  const { next, key } = step(link.sending.next, index);
  const links = chains.links.with(place, { ...link, sending: { counter: index, next } });
  return { chains: { ...chains, links }, index, key };
};

/** The key is a copy: who uses it wipes it, also when the message turns out to be one of another session. */
const takeSkipped = (chain: ReceivingChain, index: number): { chain: ReceivingChain; key: Uint8Array } => {
  const place = chain.skipped.findIndex((kept) => kept.index === index);
  const { key } = chain.skipped[place] ?? refuse('invalid-message');
  return { chain: { ...chain, skipped: chain.skipped.toSpliced(place, 1) }, key: key.slice() };
};

const advance = (chain: ReceivingChain, index: number): { chain: ReceivingChain; key: Uint8Array } => {
  const firstKept = index - MAX_KEPT_DISTANCE;
  let { counter, next } = chain;
  let skipped = chain.skipped;
  const goTo = (following: Uint8Array): void => {
    if (next !== chain.next) wipe(next);
    next = following;
  };
  if ((skipped[0]?.index ?? index) < firstKept) skipped = skipped.filter((kept) => kept.index >= firstKept);
  for (; counter + 1 < firstKept; counter += 1) goTo(skip(next, counter + 1));
  if (counter + 1 < index) {
    const passed: SkippedKey[] = [];
    for (counter += 1; counter < index; counter += 1) {
      const { next: following, key } = step(next, counter);
      passed.push({ index: counter, key });
      goTo(following);
    }
    skipped = [...skipped, ...passed];
  }
  const last = step(next, index);
  goTo(last.next);
  return { chain: { counter: index, next, skipped }, key: last.key };
};

const placeOf = (chains: SymmetricChains, epoch: number): number => epoch - firstEpoch(chains);

const linkOf = (chains: SymmetricChains, epoch: number): Link | undefined => {
  const place = placeOf(chains, epoch);
  return place < 0 ? undefined : chains.links[place];
};

/** Whether messages of an epoch can still be read. */
export const holdsEpoch = (chains: SymmetricChains, epoch: number): boolean =>
  linkOf(chains, epoch) !== undefined;

const isTooFar = ({ counter }: ReceivingChain, index: number): boolean => index > counter + MAX_JUMP;

/** Of the widest gap, in HMACs: two for a step, three when its key is kept. */
export const MAX_KEY_WORK = 2 * MAX_JUMP + MAX_KEPT_DISTANCE;

/** What {@link receivingKey} does, in HMACs: nothing to speak of unless messages are passed over. */
export const workToKey = (chains: SymmetricChains, epoch: number, index: number): number => {
  const receiving = linkOf(chains, epoch)?.receiving;
  if (receiving === undefined || isTooFar(receiving, index)) return 0;
  const passed = Math.max(0, index - receiving.counter);
  return 2 * passed + Math.min(passed, MAX_KEPT_DISTANCE);
};

/**
 * The key (32 bytes) of a message of the peer.
 *
 * @throws SignalError `invalid-message` when the epoch has no link, the index is too far ahead, or its key was used or
 *   is no longer kept
 */
export const receivingKey = (
  chains: SymmetricChains,
  epoch: number,
  index: number,
): { readonly chains: SymmetricChains; readonly key: Uint8Array } => {
  const link = linkOf(chains, epoch);
  if (!link || isTooFar(link.receiving, index)) return refuse('invalid-message');
  const { receiving } = link;
  const { chain, key } =
    index > receiving.counter ? advance(receiving, index) : takeSkipped(receiving, index);
  const links = chains.links.with(placeOf(chains, epoch), { ...link, receiving: chain });
  return { chains: { ...chains, links }, key };
};
