import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import type { PreKeyBundle } from '../pre-keys.ts';
import { sign } from '../xeddsa.ts';
import { systemRandom } from '../random.ts';
import { deliver, write } from './conversation.model.ts';
import type { Device } from './device.model.ts';
import { newest } from './official-package.model.ts';
import { officialDevice } from './official-device.model.ts';
import { ourDevice } from './our-device.model.ts';
import { OURS, THEIRS } from './pairs.model.ts';

/** The same bundle to us and to the official package: either both start a session or both refuse. */

const peer = officialDevice(newest.library, THEIRS);
const whole = peer.bundle(0);
const { identity } = peer.keys;

const startsWith = async (device: Device, bundle: PreKeyBundle): Promise<boolean> => {
  const before = device.state();
  try {
    await device.start(THEIRS, bundle, 0);
    return true;
  } catch {
    expect(device.state()).toBe(before);
    return false;
  }
};

const judgeBoth = async (bundle: PreKeyBundle) => ({
  ours: await startsWith(ourDevice(OURS), bundle),
  theirs: await startsWith(officialDevice(newest.library, OURS), bundle),
});

const agreed = async (bundle: PreKeyBundle): Promise<boolean> => {
  const { ours, theirs } = await judgeBoth(bundle);
  expect(ours).toBe(theirs);
  return ours;
};

const flipped = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.map((byte, place) => (place === index ? byte ^ (1 << (index % 8)) : byte));

/** With a right signature over whatever key this is. */
const signed = (id: number, publicKey: Uint8Array) => ({
  ...{ id, publicKey },
  signature: sign(identity.privateKey, publicKey, systemRandom),
});

const curveKey = (u: readonly number[]): Uint8Array =>
  concat(Uint8Array.of(5), Uint8Array.from([...u, ...Array<number>(32 - u.length).fill(0)]));

const curveKeys: readonly (readonly [string, Uint8Array, boolean])[] = [
  ['a right key', peer.keys.preKeys[0]!.publicKey, true],
  ['u = 0', curveKey([0]), false],
  ['u = 1', curveKey([1]), false],
  ['u = p', curveKey([0xed, ...Array<number>(30).fill(0xff), 0x7f]), false],
  ['u = p - 1', curveKey([0xec, ...Array<number>(30).fill(0xff), 0x7f]), false],
  ['another type byte', flipped(whole.signedPreKey.publicKey, 0), false],
  ['a byte too few', whole.signedPreKey.publicKey.slice(0, -1), false],
  ['nothing', new Uint8Array(), false],
];

/** What X25519 takes for the same key as u = 9, and no client makes. */
const otherForms: readonly (readonly [string, Uint8Array])[] = [
  ['u = 9 with bit 255', curveKey([9, ...Array<number>(30).fill(0), 0x80])],
  ['u = p + 9', curveKey([0xf6, ...Array<number>(30).fill(0xff), 0x7f])],
];

describe('a signature', () => {
  test.each(['signedPreKey', 'kyberPreKey'] as const)('of the %s with a bit flipped', async (key) => {
    for (let index = 0; index < 64; index += 1) {
      const signature = flipped(whole[key].signature, index);
      expect(await agreed({ ...whole, [key]: { ...whole[key], signature } }), `byte ${index}`).toBe(false);
    }
    expect(await agreed(whole)).toBe(true);
  });

  test.each([0, 63, 65])('of %i bytes', async (length) => {
    const signature = concat(whole.signedPreKey.signature, Uint8Array.of(0)).slice(0, length);
    expect(await agreed({ ...whole, signedPreKey: { ...whole.signedPreKey, signature } })).toBe(false);
  });

  test('of another key', async () => {
    const { signedPreKey, kyberPreKey } = whole;
    const wrong = { ...signedPreKey, signature: kyberPreKey.signature };
    expect(await agreed({ ...whole, signedPreKey: wrong })).toBe(false);
    const other = officialDevice(newest.library, THEIRS).bundle(0);
    expect(await agreed({ ...whole, identityKey: other.identityKey })).toBe(false);
    expect(await agreed({ ...whole, kyberPreKey: other.kyberPreKey })).toBe(false);
  });
});

describe('a Curve25519 key', () => {
  test.each(curveKeys)('signed: %s', async (_, publicKey, expected) => {
    expect(await agreed({ ...whole, signedPreKey: signed(7, publicKey) })).toBe(expected);
  });

  test.each(curveKeys)('one-time: %s', async (_, publicKey, expected) => {
    expect(await agreed({ ...whole, preKey: { id: 7, publicKey } })).toBe(expected);
  });

  test.each(curveKeys.slice(1))('of the identity: %s', async (_, identityKey) => {
    expect(await agreed({ ...whole, identityKey })).toBe(false);
  });
});

describe('a Kyber key', () => {
  const { publicKey } = whole.kyberPreKey;
  test.each([
    ['another type byte', flipped(publicKey, 0)],
    ['a byte too few', publicKey.slice(0, -1)],
    ['a byte too many', concat(publicKey, Uint8Array.of(0))],
    ['nothing', new Uint8Array()],
  ])('%s', async (_, key) => {
    expect(await agreed({ ...whole, kyberPreKey: signed(7, key) })).toBe(false);
  });
});

test.each([0, 1, 0xff_ffff, 0x7fff_ffff, 0xffff_ffff])('ids may be %i', async (id) => {
  const ids = { signedPreKey: { ...whole.signedPreKey, id }, kyberPreKey: { ...whole.kyberPreKey, id } };
  expect(await agreed({ ...whole, ...ids, preKey: { ...whole.preKey!, id }, registrationId: id })).toBe(true);
});

/** What the package takes and we refuse. Nobody sends it. */
const KNOWN_LAXNESS: readonly (readonly [string, () => PreKeyBundle])[] = [
  [
    'a signature whose number s is not reduced by the order of the group',
    () => {
      for (;;) {
        const { id, publicKey, signature } = signed(1, whole.signedPreKey.publicKey);
        const malleable = withOrderAdded(signature);
        if (malleable !== null) return { ...whole, signedPreKey: { id, publicKey, signature: malleable } };
      }
    },
  ],
  [
    'a Kyber key with a coefficient that is not reduced by 3329',
    () => {
      const publicKey = whole.kyberPreKey.publicKey.slice();
      publicKey.set([0xff, 0xff, 0xff], 1);
      return { ...whole, kyberPreKey: signed(7, publicKey) };
    },
  ],
  ...otherForms.flatMap(([name, publicKey]) => [
    [`a signed key of ${name}`, () => ({ ...whole, signedPreKey: signed(7, publicKey) })] as const,
    [`a one-time key of ${name}`, () => ({ ...whole, preKey: { id: 7, publicKey } })] as const,
  ]),
  [
    'an identity key with bit 255',
    () => ({ ...whole, identityKey: whole.identityKey.with(32, whole.identityKey[32]! | 0x80) }),
  ],
  [
    'a public key with bytes behind it',
    () => {
      const { id, publicKey, signature } = whole.signedPreKey;
      const longer = concat(publicKey, Uint8Array.of(0));
      return { ...whole, signedPreKey: { id, publicKey: longer, signature } };
    },
  ],
];

/** The same signature with s + L, when that is still below 2^253. */
const withOrderAdded = (signature: Uint8Array): Uint8Array | null => {
  const changed = signature.slice();
  const signBit = (changed[63] ?? 0) & 0x80;
  changed[63] = (changed[63] ?? 0) & 0x7f;
  const s = changed.subarray(32).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const sum = s + ed25519.Point.Fn.ORDER;
  if (sum >= 2n ** 253n) return null;
  for (let index = 32; index < 64; index += 1) {
    changed[index] = Number((sum >> BigInt(8 * (index - 32))) & 0xffn);
  }
  changed[63] |= signBit;
  return changed;
};

test.each(KNOWN_LAXNESS)('known laxness of the package: %s', async (_, make) => {
  expect(await judgeBoth(make())).toEqual({ ours: false, theirs: true });
});

test('the whole bundle starts a session that works', async () => {
  const ours = ourDevice(OURS);
  await ours.start(THEIRS, whole);
  await deliver(await write(ours, peer));
  await deliver(await write(peer, ours));
});
