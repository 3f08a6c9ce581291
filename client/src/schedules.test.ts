import type { Envelope } from '@restante/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conversationWith } from './index.ts';
import { PLANTED } from './node/testing/planted-faults.ts';
import { STEPS } from './node/testing/schedule-commands.ts';
import { Facts } from './node/testing/schedule-facts.ts';
import { violationsOf } from './node/testing/schedule-laws.ts';
import type { ScriptedNode } from './node/testing/scripted-node.ts';
import { ScriptedTime } from './node/testing/scripted-time.ts';
import { ScriptedWorld, type Beginning, type Planted } from './node/testing/scripted-world.ts';

/**
 * The laws of docs/protocol.md over schedules that fast-check decides: real messengers of some people and a scripted cluster in one process, in
 * which nothing moves by itself. What fails is told with its seed, and is the same each time. `SCHEDULES=10000` runs more of them.
 */

const SCHEDULES = Number(process.env['SCHEDULES'] ?? 300);
const MAX_STEPS = 40;
/** Schedules within which what is planted is found. */
const MAX_TO_FIND = 500;
/** Of the schedules: another one each time, unless it is given, as a failure tells it. */
const SEED = process.env['SCHEDULE_SEED'];

/** How many devices each person has, and whether they know each other. */
const CASTS: readonly (readonly [readonly number[], boolean])[] = [
  [[2, 1], true],
  [[1, 1, 1], true],
  [[2, 2], true],
  [[2, 1, 1], false],
];

const prepare = async (people: readonly number[], isAcquainted: boolean): Promise<Beginning> => {
  using time = new ScriptedTime(Date.UTC(2030, 0, 1));
  return await ScriptedWorld.prepare(time, people, isAcquainted);
};

const schedules = fc.commands([...STEPS], { maxCommands: MAX_STEPS, size: 'max' });
type Steps = typeof schedules extends fc.Arbitrary<infer S> ? S : never;

/** Runs a schedule to its end, and until everything rests. Answers what is wrong then. */
const run = async (
  beginning: Beginning,
  isAcquainted: boolean,
  steps: Steps,
  planted?: Planted,
): Promise<string[]> => {
  using time = new ScriptedTime(beginning.now + 60_000);
  const world = await ScriptedWorld.begin(time, beginning, planted);
  try {
    const facts = new Facts();
    await fc.asyncModelRun(() => ({ model: {}, real: { world, facts } }), steps);
    const unrest = await world.rest();
    return unrest === null ? await violationsOf(world, facts, isAcquainted) : [unrest];
  } finally {
    await world.close();
  }
};

test('what comes a minute late, and so stands where it arrived, stands before what was written after it', async () => {
  const beginning = await prepare([1, 1], false);
  using time = new ScriptedTime(beginning.now + 60_000);
  const world = await ScriptedWorld.begin(time, beginning);
  const [writer, reader] = world.devices;
  const to = conversationWith(world.accounts[1]!);
  writer!.peer!.isStalled = true;
  for (const text of ['one', 'two', 'three']) {
    void writer!.messenger!.sendText(to, text);
    await world.settle();
    await time.advance(100);
  }
  // The first of them is over a minute old then, the others are not yet.
  await time.advance(60_000 - 250);
  world.refresh();
  while (await world.step(0, 'whole')) continue;
  expect(await world.rest()).toBeNull();
  const shown = await reader!.messenger!.messages(conversationWith(world.accounts[0]!), { limit: 10 });
  expect(shown.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  expect(shown[0]!.sentAt).toBe(time.now);
  await world.close();
});

test('what a node got late, when it had forgotten that it was deleted, goes hours later within the same connection', async () => {
  const beginning = await prepare([1, 1], true);
  using time = new ScriptedTime(beginning.now + 60_000);
  const world = await ScriptedWorld.begin(time, beginning);
  const [writer, reader] = world.devices;
  await reader!.die('now', false);
  world.cluster.silenceMs = 60 * 60_000;
  void writer!.messenger!.sendText(conversationWith(world.accounts[1]!), 'one');
  while (world.cluster.waiting() === 0) if (!(await world.step(0, 'whole'))) await time.advanceToNext();
  const [[node, mailbox, envelope]] = world.cluster.nodes.flatMap((each) =>
    [...each.mailboxes].flatMap(([name, box]) =>
      [...box.values()].map((kept) => [each, name, kept] as const),
    ),
  ) as [readonly [ScriptedNode, string, Envelope]];
  expect(await world.rest()).toBeNull();
  await writer!.die('now', false);
  node.put(mailbox, envelope);
  const { peer } = reader!;
  const end = time.now + 9 * 60 * 60_000;
  while (world.cluster.waiting() > 0 && time.now < end)
    if (!(await world.step(0, 'whole'))) await time.advanceToNext();
  expect(world.cluster.waiting()).toBe(0);
  expect(reader!.peer).toBe(peer);
  const shown = await reader!.messenger!.messages(conversationWith(world.accounts[0]!), { limit: 10 });
  expect(shown.filter(({ text }) => text === 'one')).toHaveLength(1);
  await world.close();
});

test.each(CASTS)(
  'whatever happens on the way: people with %j devices, acquainted: %s',
  { timeout: 3_600_000 },
  async (people, isAcquainted) => {
    const beginning = await prepare(people, isAcquainted);
    const property = fc.asyncProperty(schedules, async (steps) => {
      expect(await run(beginning, isAcquainted, steps)).toEqual([]);
    });
    await fc.assert(property, {
      numRuns: Math.ceil(SCHEDULES / CASTS.length),
      ...(SEED !== undefined && { seed: Number(SEED) }),
    });
  },
);

test.each(Object.entries(PLANTED))('finds %s', async (_, planted) => {
  const beginning = await prepare([2, 1], true);
  const property = fc.asyncProperty(schedules, async (steps) => {
    expect(await run(beginning, true, steps, planted)).toEqual([]);
  });
  const { failed } = await fc.check(property, { numRuns: MAX_TO_FIND, seed: 1, endOnFailure: true });
  expect(failed).toBe(true);
});
