import { describe, expect, test } from 'vitest';
import { seededRandom } from '@restante/testkit/seeded-random';
import { encrypt, startSession } from '../session/session.ts';
import { takeApart, wrap } from './forger.model.ts';
import { MUTATION_KINDS, mutate, type Mutation } from './mutations.model.ts';
import { ourKeys } from './our-keys.model.ts';
import { OURS, THEIRS } from './pairs.model.ts';
import { editSpqr, SPQR_EDITS } from './spqr-edits.model.ts';
import { createTwins, judgeBoth, receive, type Judgement } from './twins.model.ts';

/**
 * Messages whose protobuf was changed, with a right MAC: what is left to decide is what a reader makes of the fields.
 * MUTATION_SEED repeats a run, MUTATION_ROUNDS makes it longer.
 */
const SEED = Number(process.env['MUTATION_SEED'] ?? Date.now() % 2 ** 32);
const ROUNDS = Number(process.env['MUTATION_ROUNDS'] ?? 4);

type Part = 'message' | 'inner message' | 'wrapper';

/** Where the package takes what no client sends, and we refuse it. Nothing is known the other way round. */
const KNOWN_LAXNESS: readonly {
  readonly what: string;
  /** `firstSays`: the version of the post-quantum ratchet that a message says before any has been read; else null. */
  readonly isOne: (part: Part, mutation: string, firstSays: number | null) => boolean;
}[] = [
  { what: 'groups of unknown fields are skipped', isOne: (_, name) => /: a group before$/.test(name) },
  {
    what: '32-bit fields take wider numbers, and drop the upper bits',
    isOne: (_, name) => /: a wide number$/.test(name),
  },
  {
    what: 'a ratchet key may have bit 255 set, which its agreement ignores',
    isOne: (part, name) => part !== 'wrapper' && /^field 1: (flipped|other value last)$/.test(name),
  },
  {
    what: 'public keys may have bytes behind them',
    isOne: (part, name) =>
      part === 'wrapper' ? /^field [23]: longer$/.test(name) : /^field 1: longer$/.test(name),
  },
  {
    what: 'a first message may say what a later version of the post-quantum ratchet might',
    isOne: (_part, _name, firstSays) => firstSays !== null && firstSays >= 2,
  },
];

const PQ_RATCHET = 5;

const isKnown = (
  { ours, theirs }: Judgement,
  part: Part,
  established: boolean,
  { name, fields }: Mutation,
): boolean => {
  const says = fields.findLast(({ number }) => number === PQ_RATCHET)?.value[0] ?? null;
  const firstSays = established || part === 'wrapper' ? null : says;
  return (
    ours === 'refused' &&
    theirs !== 'refused' &&
    KNOWN_LAXNESS.some(({ isOne }) => isOne(part, name, firstSays))
  );
};

const keys = ourKeys();
const local = { identity: keys.identity, registrationId: keys.registrationId, address: THEIRS };

describe.each(['message', 'inner message', 'wrapper'] as const)(
  `%s with changed fields, seed ${SEED}`,
  (part) => {
    test.each(part === 'message' ? [true] : [false, true])('session established: %s', async (established) => {
      const random = seededRandom(SEED);
      const twins = createTwins();
      const started = startSession(local, OURS, null, twins.ours.bundle(0), 0);
      const first = encrypt(local, OURS, started, Uint8Array.of(1), 0);
      if (established) await receive(twins, THEIRS, first);
      const record = established ? first.record : started;

      const verdicts = new Set<string>();
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const kind of MUTATION_KINDS) {
          const { fields, wrapper, seal } = takeApart(local, OURS, record, random.bytes(20), random.bytes);
          if (wrapper === null) throw new Error('no wrapper');
          const mutation = mutate(random, part === 'wrapper' ? wrapper : fields, kind);
          if (mutation === null) continue;
          const message =
            part === 'wrapper'
              ? wrap(mutation.fields)
              : part === 'inner message'
                ? wrap(wrapper, seal({ fields: mutation.fields }))
                : { type: 'message' as const, body: seal({ fields: mutation.fields }) };
          const judgement = await judgeBoth(twins, THEIRS, message);
          if (!isKnown(judgement, part, established, mutation))
            expect(judgement.ours, mutation.name).toBe(judgement.theirs);
          verdicts.add(judgement.ours);
        }
      }
      expect(verdicts).toContain('accepted');
      expect(verdicts).toContain('refused');
      await receive(twins, THEIRS, encrypt(local, OURS, record, Uint8Array.of(2), 0));
    });
  },
);

const withBit255 = (key: Uint8Array): Uint8Array => key.with(32, key[32]! | 0x80);

test.each(['ratchet key', 'identity key'] as const)(
  'a first message whose %s has bit 255 set, with a right MAC: the package takes it, we do not',
  async (which) => {
    const random = seededRandom(SEED);
    const twins = createTwins();
    const { current, archived } = startSession(local, OURS, null, twins.ours.bundle(0), 0);
    const localIdentity =
      which === 'identity key' ? withBit255(current!.localIdentity) : current!.localIdentity;
    const record = { current: { ...current!, localIdentity }, archived };
    const { fields, wrapper, seal } = takeApart(local, OURS, record, random.bytes(20), random.bytes);
    const changed = fields.map((field) =>
      which === 'ratchet key' && field.number === 1 ? { ...field, value: withBit255(field.value) } : field,
    );
    const message = wrap(wrapper!, seal({ fields: changed }));
    expect(await judgeBoth(twins, THEIRS, message)).toEqual({ ours: 'refused', theirs: 'accepted' });
  },
);

/** Before a session has read its first message, the package also takes what a later version might say. */
const LAX_AT_FIRST = ['version 2'];

test('a first message whose post-quantum ratchet says something wrong', async () => {
  const random = seededRandom(SEED);
  const twins = createTwins();
  const record = startSession(local, OURS, null, twins.ours.bundle(0), 0);
  const verdicts: Record<string, string> = {};
  for (const name of SPQR_EDITS) {
    const { fields, wrapper, seal } = takeApart(local, OURS, record, random.bytes(20), random.bytes);
    if (wrapper === null) throw new Error('no wrapper');
    const message = wrap(wrapper, seal({ fields: editSpqr(name, random)(fields) }));
    const { ours, theirs } = await judgeBoth(twins, THEIRS, message);
    if (LAX_AT_FIRST.includes(name))
      expect({ ours, theirs }).toEqual({ ours: 'refused', theirs: 'accepted' });
    else expect(ours, name).toBe(theirs);
    verdicts[name] = ours;
  }
  expect(verdicts).toMatchObject({ 'as it is': 'accepted', 'version 0': 'refused', empty: 'refused' });
});

test.each([0, 7, 9])('a right MAC cut or drawn out to %i bytes', async (macBytes) => {
  const twins = createTwins();
  const record = startSession(local, OURS, null, twins.ours.bundle(0), 0);
  const { wrapper, seal } = takeApart(local, OURS, record, Uint8Array.of(1), seededRandom(SEED).bytes);
  if (wrapper === null) throw new Error('no wrapper');
  const { ours, theirs } = await judgeBoth(twins, THEIRS, wrap(wrapper, seal({ macBytes })));
  expect({ ours, theirs }).toEqual({ ours: 'refused', theirs: 'refused' });
});
