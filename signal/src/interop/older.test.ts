import { describe, expect, test } from 'vitest';
import { seededRandom } from '@restante/testkit/seeded-random';
import { bursts, pingPong } from './conversation.model.ts';
import { older } from './official-package.model.ts';
import { pair, STARTERS } from './pairs.model.ts';
import { handshake, startAgain, startAtOnce } from './scenarios.model.ts';

const cases = older.flatMap(({ version, library }) =>
  STARTERS.map((starter) => ({ version, library, starter })),
);

describe.each(cases)(
  'with the official package $version, session started by $starter',
  ({ library, starter }) => {
    test('handshake with a one-time key, 800 letters back and forth', async () => {
      const [left, right] = pair(library, starter);
      await handshake(seededRandom(1), left, right, 0);
      await pingPong(left, right, 800);
    });

    test('handshake without a one-time key, bursts', async () => {
      const [left, right] = pair(library, starter);
      await handshake(seededRandom(2), left, right, null);
      await bursts(seededRandom(3), left, right, { turns: 20, longest: 20, lossPercent: 30 });
    });

    test('both start at once, and one starts again six times', async () => {
      const [left, right] = pair(library, starter);
      await startAtOnce(seededRandom(4), left, right, 4);
      await startAgain(seededRandom(5), left, right);
    });
  },
);

test('three older versions', () => {
  expect(older.map(({ version }) => version)).toEqual(['0.101.0', '0.99.3', '0.92.2']);
});
