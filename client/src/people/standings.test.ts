import { mintMessageId, type AccountId, type MessageId } from '@restante/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Standing } from '../content/parts.ts';
import { memoryVault } from '../vault/memory-vault.ts';
import { createVaultStore, type Store } from '../vault/store.ts';
import { applyStanding, chooseStanding, standingOf } from './standings.ts';

const BOB: AccountId = '22222222-1111-4111-8111-111111111111';
const AT = 1_800_000_000_000;
const AHEAD_MS = 10 * 60 * 1000;

let minted = 0;
const idAt = (timeMs: number): MessageId => {
  const random = new Uint8Array(10);
  new DataView(random.buffer).setUint32(6, (minted += 1));
  return mintMessageId(timeMs, random);
};
const conversations = { change: () => Promise.resolve() };
type Change = { readonly accountId: AccountId; readonly standing: Standing; readonly id?: MessageId };

/** A device whose clock is off by so much. */
const deviceOf = (offMs = 0) => {
  const store: Store = createVaultStore(memoryVault());
  const clock = { latest: () => AT + AHEAD_MS, mint: () => Promise.resolve(idAt(AT + offMs)) };
  const deps = { clock, conversations };
  return {
    standing: () => standingOf(store, BOB),
    choose: async (standing: Standing): Promise<Change> => {
      const change = { accountId: BOB, standing };
      return {
        ...change,
        id: await store.transact((transaction) => chooseStanding(transaction, deps, change)),
      };
    },
    hear: (change: Change): Promise<void> =>
      store.transact((transaction) => applyStanding(transaction, deps, change, new Set())),
  };
};

test('devices that choose at once come to the same, in whatever order they hear of it, and however often', async () => {
  const standing = fc.constantFrom<Standing>('accepted', 'blocked');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(2), standing), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 3, maxLength: 3 }),
      fc.infiniteStream(fc.nat()),
      async (choices, offsets, numbers) => {
        const devices = offsets.map(deviceOf);
        const told: Change[] = [];
        for (const [index, chosen] of choices) told.push(await devices[index]!.choose(chosen));
        for (const device of devices) {
          const rest = [...told, ...told.slice(0, 2)];
          while (rest.length > 0) await device.hear(rest.splice(numbers.next().value % rest.length, 1)[0]!);
        }
        const standings = await Promise.all(devices.map((device) => device.standing()));
        expect(new Set(standings).size).toBe(1);
      },
    ),
    { numRuns: 200 },
  );
});

test('what is chosen last on a device stands there, also after a choice of a device whose clock is ahead', async () => {
  const [slow, fast] = [deviceOf(-60_000), deviceOf(60_000)];
  await slow.hear(await fast.choose('accepted'));
  const block = await slow.choose('blocked');
  expect(await slow.standing()).toBe('blocked');
  await fast.hear(block);
  expect(await fast.standing()).toBe('blocked');
});

test('nobody chooses for good from a time that no master takes', async () => {
  const device = deviceOf();
  await device.hear({ accountId: BOB, standing: 'accepted', id: idAt(AT + 2 * AHEAD_MS) });
  expect(await device.standing()).toBe('accepted');
  const block = await device.choose('blocked');
  expect(await device.standing()).toBe('blocked');
  await device.hear({ accountId: BOB, standing: 'accepted', id: idAt(AT - 1) });
  expect(await device.standing()).toBe('blocked');
  expect(block.id! < idAt(AT + AHEAD_MS)).toBe(true);
});

test('a choice whose time is not known stands until one whose time is', async () => {
  const device = deviceOf();
  await device.hear({ accountId: BOB, standing: 'accepted' });
  expect(await device.standing()).toBe('accepted');
  await device.hear({ accountId: BOB, standing: 'blocked', id: idAt(AT) });
  expect(await device.standing()).toBe('blocked');
});
