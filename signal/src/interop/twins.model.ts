import { expect } from 'vitest';
import type { Address } from '../session/address.ts';
import type { Ciphertext, Device, Outcome } from './device.model.ts';
import { officialDevice } from './official-device.model.ts';
import { officialKeys } from './official-keys.model.ts';
import { newest } from './official-package.model.ts';
import { ourDevice } from './our-device.model.ts';
import { OURS } from './pairs.model.ts';

/** One device twice, ours and the official package's: the same keys, and the same messages received. */
export type Twins = { readonly ours: Device; readonly theirs: Device };

export const createTwins = (oneTimeKeys = 1, address: Address = OURS): Twins => {
  const keys = officialKeys(newest.library, oneTimeKeys);
  return { ours: ourDevice(address, keys), theirs: officialDevice(newest.library, address, keys) };
};

export const receive = async ({ ours, theirs }: Twins, from: Address, message: Ciphertext): Promise<void> => {
  const outcomes = [await ours.decrypt(from, message), await theirs.decrypt(from, message)];
  expect(outcomes.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted']);
};

/** What one device makes of a message. The device itself stays as it is; a refusal must leave its fork as it was. */
export const judge = async (
  device: Device,
  from: Address,
  message: Ciphertext,
  as?: Address,
): Promise<Outcome> => {
  const fork = device.fork();
  const outcome = await fork.decrypt(from, message, as);
  if (outcome.verdict !== 'accepted') expect(fork.state()).toBe(device.state());
  return outcome;
};

const textOf = (outcome: Outcome): string =>
  outcome.verdict === 'accepted'
    ? `accepted ${Buffer.from(outcome.plaintext).toString('hex')}`
    : outcome.verdict;

export type Judgement = { readonly ours: Outcome['verdict']; readonly theirs: Outcome['verdict'] };

/** The same bytes to both. */
export const judgeBoth = async (
  { ours, theirs }: Twins,
  from: Address,
  message: Ciphertext,
  as?: Address,
): Promise<Judgement> => {
  const [own, other] = [await judge(ours, from, message, as), await judge(theirs, from, message, as)];
  if (own.verdict === other.verdict) expect(textOf(own)).toBe(textOf(other));
  return { ours: own.verdict, theirs: other.verdict };
};

/** The same bytes to both, the same verdict. */
export const agreed = async (
  twins: Twins,
  from: Address,
  message: Ciphertext,
  as?: Address,
): Promise<Outcome['verdict']> => {
  const { ours, theirs } = await judgeBoth(twins, from, message, as);
  expect(ours).toBe(theirs);
  return ours;
};
