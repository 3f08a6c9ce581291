import { describe, expect, test } from 'vitest';
import { seededRandom } from '@restante/testkit/seeded-random';
import { write, type Letter } from './conversation.model.ts';
import type { Device } from './device.model.ts';
import { agreedInLanes, createLanes, pqRatchetOf, startLanes, type Lane } from './lanes.model.ts';
import { editSpqr, SPQR_EDITS, spqrTypeOf } from './spqr-edits.model.ts';
import { judge } from './twins.model.ts';

/**
 * Deep in a session the state of a receiver depends on its own random keys, so no two receivers read the same bytes.
 * Here two conversations go the same way beside each other, one with a receiver of ours and one with the official
 * package's, and both get the same forgeries: messages with a right MAC that say something wrong.
 */

const carry = async (from: Device, to: Device): Promise<string> => {
  const { message } = await write(from, to);
  return (await to.decrypt(from.address, message)).verdict;
};

/** One message in each lane; the verdict of both. */
const carryInLanes = async (lanes: readonly Lane[], by: 'forger' | 'receiver'): Promise<string> => {
  const verdicts: string[] = [];
  for (const { forger, receiver } of lanes) {
    verdicts.push(await (by === 'forger' ? carry(forger, receiver) : carry(receiver, forger)));
  }
  expect(verdicts[0]).toBe(verdicts[1]);
  return verdicts[0]!;
};

/** The message type that the forger would send next. */
const nextType = ({ forge }: Lane): number =>
  spqrTypeOf(pqRatchetOf(forge(seededRandom(1), (fields) => fields)));

describe.each(['forger', 'receiver'] as const)('session started by the %s', (starter) => {
  test(
    'every wrong thing that the post-quantum ratchet can say, in every state of it',
    { timeout: 240_000 },
    async () => {
      const lanes = createLanes();
      await startLanes(lanes, starter);
      const verdicts = new Set<string>();
      const types = new Set<number>();
      for (let turn = 0; turn < 190; turn += 1) {
        const [type] = lanes.map(nextType);
        const edits = turn % 5 === 0 || !types.has(type!) ? SPQR_EDITS : ['another chunk'];
        types.add(type!);
        for (const name of edits) {
          const seed = turn * 1_000 + SPQR_EDITS.indexOf(name);
          const make = ({ forge }: Lane) => forge(seededRandom(seed), editSpqr(name, seededRandom(seed)));
          verdicts.add(`${name}: ${await agreedInLanes(lanes, make, `turn ${turn}, ${name}`)}`);
        }
        expect(await carryInLanes(lanes, turn % 2 === 0 ? 'forger' : 'receiver')).toBe('accepted');
      }
      expect([...types].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(verdicts).toContain('as it is: accepted');
      expect(verdicts).toContain('another chunk: accepted');
      expect(verdicts).toContain('another chunk: refused');
    },
  );

  test.each([1, 2, 3, 5, 6])(
    'a wrong chunk of type %i is believed until its block is whole, then nothing more',
    async (type) => {
      const lanes = createLanes();
      await startLanes(lanes, starter);
      for (let turn = 0; lanes.some((lane) => nextType(lane) !== type); turn += 1) {
        expect(turn).toBeLessThan(400);
        expect(await carryInLanes(lanes, turn % 2 === 0 ? 'forger' : 'receiver')).toBe('accepted');
      }
      const verdicts: string[] = [];
      for (const { forge, forger, receiver } of lanes) {
        const edit = editSpqr('another chunk', seededRandom(2));
        const message = forge(seededRandom(3), edit);
        verdicts.push((await receiver.decrypt(forger.address, message)).verdict);
        await write(forger, receiver);
      }
      expect(verdicts).toEqual(['accepted', 'accepted']);
      const after: string[] = [];
      for (let turn = 0; turn < 120; turn += 1) {
        after.push(await carryInLanes(lanes, turn % 2 === 0 ? 'receiver' : 'forger'));
      }
      expect(after).toContain('refused');
      expect(after.at(-1)).toBe('refused');
    },
  );

  test('no post-quantum key in epoch 1: taken at first, in the end by the package alone', async () => {
    const lanes = createLanes();
    await startLanes(lanes, starter);
    const verdictOf = async ({ forger, receiver, forgeWithoutPqKey }: Lane): Promise<string> =>
      (await judge(receiver, forger.address, forgeWithoutPqKey())).verdict;
    const verdicts = async (): Promise<readonly string[]> => [
      await verdictOf(lanes[0]),
      await verdictOf(lanes[1]),
    ];
    expect(await verdicts()).toEqual(['accepted', 'accepted']);
    for (let turn = 0; turn < 240; turn += 1) {
      await carryInLanes(lanes, turn % 2 === 0 ? 'receiver' : 'forger');
    }
    expect(await verdicts()).toEqual(['refused', 'accepted']);
  });

  test('a message is read after four newer ratchet keys, and not after five', async () => {
    for (const newer of [4, 5]) {
      const lanes = createLanes();
      await startLanes(lanes, starter);
      await carryInLanes(lanes, 'forger');
      const late: Letter[] = [];
      for (const { forger, receiver } of lanes) late.push(await write(forger, receiver));
      for (let count = 0; count < newer; count += 1) {
        await carryInLanes(lanes, 'receiver');
        await carryInLanes(lanes, 'forger');
      }
      const verdict = await agreedInLanes(
        lanes,
        (lane) => late[lanes.indexOf(lane)]!.message,
        `${newer} newer`,
      );
      expect(verdict).toBe(newer === 4 ? 'accepted' : 'refused');
    }
  });
});
