import { describe, expect, test } from 'vitest';
import { seededRandom } from '@restante/testkit/seeded-random';
import { bursts, chaos, pingPong } from './conversation.model.ts';
import { newest } from './official-package.model.ts';
import { pair, STARTERS } from './pairs.model.ts';
import { handshake, startAgain, startAtOnce } from './scenarios.model.ts';

const { version, library } = newest;

/** Our records are encoded and decoded between every two steps: see `ourDevice`. */
describe.each(STARTERS)(`with the official package ${version}, session started by %s`, (starter) => {
  test.each([0, null])(
    'handshake, 800 letters back and forth, bursts (one-time key: %s)',
    async (oneTime) => {
      const [left, right] = pair(library, starter);
      await handshake(seededRandom(1), left, right, oneTime);
      await pingPong(left, right, 800);
      await bursts(seededRandom(2), left, right, { turns: 40, longest: 20, lossPercent: 30 });
    },
  );

  test('random order and 10 % loss until SPQR epoch 21', async () => {
    const [left, right] = pair(library, starter);
    await handshake(seededRandom(3), left, right, 0);
    const { letters, lost } = await chaos(seededRandom(4), left, right, { epoch: 21, mostLetters: 4_000 });
    expect(letters).toBeGreaterThan(1_500);
    expect(lost).toBeGreaterThan(100);
  });

  test.each([0, null])('both start at once (one-time keys: %s)', async (oneTime) => {
    const [left, right] = pair(library, starter);
    await startAtOnce(seededRandom(5), left, right, oneTime);
  });

  test('a peer that starts again six times, and late letters of all its sessions', async () => {
    const [left, right] = pair(library, starter);
    await startAgain(seededRandom(6), left, right);
  });
});

test('the reference is the version that the wire format was taken from', () => {
  expect(version).toBe('0.103.0');
});
