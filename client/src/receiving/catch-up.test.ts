import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { mintMessageId, type Envelope, type MessageId } from '@restante/protocol';
import type { CatchUpProgress } from '../events/messenger-events.ts';
import { live, Scene } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { MessengerError } from '../messenger-error.ts';
import { createCatchUp, type CatchUpDeps } from './catch-up.ts';

const envelopeAt = (time: number): Envelope => ({
  id: mintMessageId(time, new Uint8Array(10)),
  senderId: '11111111-1111-4111-8111-111111111111',
  senderDeviceId: 1,
  sentAt: time,
  expiresAt: time + 1,
  type: 'message',
  payload: 'AAAA',
});

/** A mailbox node as a catch-up sees it. */
type FakeNode = {
  mail: readonly Envelope[];
  /** Ids that it lists beside those of its mail. */
  bogus: readonly MessageId[];
  withholds: (id: MessageId) => boolean;
  /** Fails after so many more pages: of ids, of messages. */
  listsLeft: number;
  pagesLeft: number;
  isOld: boolean;
  /** How often messages were asked for, and those that it gave. */
  asked: number;
  readonly given: MessageId[];
  /** What an answer with messages waits for. */
  gate: Promise<unknown>;
};

const nodeOf = (mail: readonly Envelope[], faults: Partial<FakeNode> = {}): FakeNode => ({
  ...{ mail, bogus: [], withholds: () => false, isOld: false, given: [], asked: 0, gate: Promise.resolve() },
  ...{ listsLeft: Infinity, pagesLeft: Infinity },
  ...faults,
});

const away = (): MessengerError => new MessengerError('unreachable', 'away');

/** A reading of these nodes by a device that takes what is new. */
const readingOf = (
  nodes: readonly FakeNode[],
  {
    idsPerPage = 4,
    share = 0,
    ...rest
  }: { idsPerPage?: number; share?: number } & Partial<Omit<CatchUpDeps, 'share'>> = {},
) => {
  const taken: Envelope[] = [];
  const known = new Set<MessageId>();
  const faults: unknown[] = [];
  const progress: CatchUpProgress[] = [];
  let holds = 0;
  const rangeOf = <T>(
    all: readonly T[],
    idOf: (each: T) => MessageId,
    after: MessageId | null,
    limit: number,
  ) => {
    const left = all.filter((each) => idOf(each) > (after ?? ''));
    const part = left.slice(0, limit);
    const complete = part.length === left.length;
    const last = part.at(-1);
    return {
      part,
      complete,
      next: complete || last === undefined ? null : idOf(last),
      expired: 0,
      unreadable: 0,
    };
  };
  const catchUp = createCatchUp({
    nodes: () => ({ count: nodes.length, writeConcern: 2 }),
    share: () => share,
    list: (index, after) => {
      const node = nodes[index]!;
      if (node.listsLeft <= 0) return Promise.reject(away());
      node.listsLeft -= 1;
      const ids = [...new Set([...node.mail.map(({ id }) => id), ...node.bogus])].sort();
      const { part, ...page } = rangeOf(ids, (id) => id, after, idsPerPage);
      const envelopeOf = (id: MessageId) => node.mail.find((each) => each.id === id) ?? null;
      const listed = part.map((id) => ({ id, envelope: node.isOld ? envelopeOf(id) : null }));
      return Promise.resolve({ ...page, listed });
    },
    page: async (index, after, limit) => {
      const node = nodes[index]!;
      node.asked += 1;
      await node.gate;
      if (node.pagesLeft <= 0) throw away();
      node.pagesLeft -= 1;
      const { part, ...page } = rangeOf(node.mail, ({ id }) => id, after, limit);
      const messages = part.filter(({ id }) => !node.withholds(id));
      node.given.push(...messages.map(({ id }) => id));
      return { ...page, messages };
    },
    unknown: (ids) => Promise.resolve(new Set(ids.filter((id) => !known.has(id)))),
    take: (batch) => {
      for (const { id } of batch) known.add(id);
      taken.push(...batch);
      return Promise.resolve(batch.length);
    },
    hold: () => void (holds += 1),
    release: () => void (holds -= 1),
    newlyExpired: () => Promise.resolve(0),
    onProgress: (each) => progress.push(each),
    onFault: (error) => faults.push(error),
    backoff: { minMs: 1, maxMs: 2 },
    patienceMs: 1_000,
    isLeft: () => false,
    ...rest,
  });
  return { catchUp, taken, known, faults, progress, holds: () => holds, last: () => progress.at(-1)! };
};

const range = (count: number): Envelope[] =>
  Array.from({ length: count }, (_, index) => envelopeAt(index + 1));
const given = (nodes: readonly FakeNode[]): number[] => nodes.map((node) => node.given.length);

test('what is not taken is read again, and no node counts as read until it is', async () => {
  const mail = range(3);
  const answeredBeforeTaken: number[] = [];
  let failures = 3;
  const taken: Envelope[] = [];
  const { catchUp, faults, holds } = readingOf([nodeOf(mail), nodeOf(mail), nodeOf(mail)], {
    take: (batch) => {
      failures -= 1;
      if (failures >= 0) return Promise.reject(new Error('not now'));
      taken.push(...batch);
      return Promise.resolve(batch.length);
    },
    onProgress: ({ nodesAnswered }) => {
      if (taken.length === 0) answeredBeforeTaken.push(nodesAnswered);
    },
  });
  await catchUp.run();
  catchUp.stop();
  expect(taken).toEqual(mail);
  expect(new Set(answeredBeforeTaken)).toEqual(new Set([0]));
  expect(faults).toHaveLength(3);
  expect(holds()).toBe(0);
});

test.each([
  ['', { patienceMs: 10 }],
  ['whose server has just been left ', { patienceMs: 3_600_000, isLeft: (node: number) => node === 2 }],
])(
  'a node %sthat says nothing holds nothing back once the read is complete, and is asked on meanwhile',
  async (_, patience) => {
    const [first, last] = [range(2), envelopeAt(9)];
    const silent = Promise.withResolvers<undefined>();
    const asked: number[] = [];
    const whenAsked: number[] = [];
    const all = [first, first, [...first, last]];
    const reading = readingOf(
      all.map((mail) => nodeOf(mail)),
      {
        ...patience,
        list: async (node, _after, signal) => {
          asked.push(node);
          if (node === 2) {
            whenAsked.push(reading.holds());
            await Promise.race([
              silent.promise,
              new Promise((_, reject) => signal.addEventListener('abort', () => reject(away()))),
            ]);
          }
          const listed = all[node]!.map(({ id }) => ({ id, envelope: null }));
          return { listed, complete: true, next: null, expired: 0, unreadable: 0 };
        },
      },
    );
    await reading.catchUp.run();
    expect(reading.taken).toEqual(first);
    expect(reading.last()).toMatchObject({ complete: true, running: false, nodesAnswered: 2 });
    await vi.waitFor(() => expect(asked.filter((node) => node === 2).length).toBeGreaterThan(1));
    // What comes meanwhile was held back only while the read was not complete.
    expect([whenAsked[0], whenAsked[1]]).toEqual([1, 0]);
    silent.resolve(undefined);
    await vi.waitFor(() => expect(reading.last().nodesAnswered).toBe(3));
    expect(reading.taken).toEqual([...first, last]);
    reading.catchUp.stop();
  },
);

test('messages come from one node, by whose share it is, and what is kept already from none', async () => {
  const mail = range(600);
  for (const share of [0, 1, 5]) {
    const nodes = [nodeOf(mail), nodeOf(mail), nodeOf(mail)];
    const { catchUp, taken, known, last } = readingOf(nodes, { share, idsPerPage: 400 });
    for (const { id } of mail.slice(0, 200)) known.add(id);
    await catchUp.run();
    expect(taken).toEqual(mail.slice(200));
    expect(given(nodes)).toEqual([0, 1, 2].map((node) => (node === share % 3 ? 400 : 0)));
    expect(last()).toMatchObject({ complete: true, nodesAnswered: 3, received: 400 });
  }
});

test('what a node lists and does not give comes from another; what one alone has comes from it', async () => {
  const mail = range(9);
  const nodes = [nodeOf(mail, { withholds: () => true }), nodeOf(mail.slice(0, 6)), nodeOf(mail.slice(3))];
  const { catchUp, taken, faults, last } = readingOf(nodes);
  await catchUp.run();
  expect(taken).toEqual(mail);
  expect(last()).toMatchObject({ complete: true, nodesAnswered: 3 });
  expect(faults).toEqual([]);
});

test('several messages of one millisecond, of which some are kept, all come', async () => {
  const at = (random: number): Envelope => ({
    ...envelopeAt(7),
    id: mintMessageId(7, new Uint8Array(10).fill(random)),
  });
  const mail = [1, 2, 3, 4, 5].map((each) => at(each * 16)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const { catchUp, taken, known } = readingOf([nodeOf(mail), nodeOf(mail), nodeOf(mail)]);
  for (const { id } of mail.slice(0, 4)) known.add(id);
  await catchUp.run();
  expect(taken).toEqual(mail.slice(4));
});

test('a node that fails between ids and messages is asked again, and is not counted until it has given what it alone has', async () => {
  const mail = range(9);
  const first = nodeOf(mail, { pagesLeft: 0 });
  const { catchUp, taken, last } = readingOf([first, nodeOf(mail.slice(0, 4)), nodeOf(mail.slice(0, 4))]);
  await catchUp.run();
  expect(taken).toEqual(mail.slice(0, 4));
  expect(last()).toMatchObject({ complete: false, nodesAnswered: 2 });
  first.pagesLeft = Infinity;
  await waitFor('all of it', () => last().complete && last().nodesAnswered === 3);
  expect(taken).toEqual(mail);
});

test('an id that nobody gives a message for is a gap until all nodes have been read, and then it is not', async () => {
  const mail = range(3);
  const third = nodeOf(mail, { listsLeft: 0 });
  const nodes = [nodeOf(mail, { bogus: [envelopeAt(9).id] }), nodeOf(mail), third];
  const { catchUp, taken, last } = readingOf(nodes);
  await catchUp.run();
  expect(taken).toEqual(mail);
  expect(last()).toMatchObject({ complete: false, nodesAnswered: 2 });
  third.mail = [...mail, envelopeAt(9)];
  third.listsLeft = Infinity;
  await waitFor('all nodes', () => last().nodesAnswered === 3 && !last().running);
  expect(taken.map(({ id }) => id)).toEqual([...mail, envelopeAt(9)].map(({ id }) => id));
  expect(last().complete).toBe(true);
});

test('a node that is slow to give is not waited for alone', async () => {
  const mail = range(600);
  const answer = Promise.withResolvers<undefined>();
  const slow = nodeOf(mail, { gate: answer.promise });
  const nodes = [slow, nodeOf(mail), nodeOf(mail)];
  const { catchUp, taken, last } = readingOf(nodes, { idsPerPage: 1_000, patienceMs: 5 });
  await catchUp.run();
  answer.resolve(undefined);
  expect(taken).toEqual(mail);
  expect(last()).toMatchObject({ complete: true, nodesAnswered: 3 });
  // It was asked first for the first batch, and last from then on.
  expect(slow.asked).toBe(1);
});

test('a node that lists without end what nobody gives is told, and holds nothing back', async () => {
  const mail = range(3);
  const bogus = Array.from({ length: 5_000 }, (_, index) => envelopeAt(100 + index).id);
  const liar = nodeOf(mail, { bogus });
  const { catchUp, taken, faults, last } = readingOf([liar, nodeOf(mail), nodeOf(mail)], { idsPerPage: 200 });
  await catchUp.run();
  catchUp.stop();
  expect(taken).toEqual(mail);
  expect(last()).toMatchObject({ complete: false, nodesAnswered: 2 });
  expect(faults).toEqual([expect.objectContaining({ code: 'bad-answer' })]);
});

const FAULTS = ['none', 'old', 'withholds', 'lies', 'list fails', 'pages fail'] as const;
const scenario = fc.record({
  /** For each envelope a set of nodes, as bits. */
  holders: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 40 }),
  known: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
  faults: fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(...FAULTS))),
  after: fc.nat({ max: 3 }),
  idsPerPage: fc.integer({ min: 1, max: 9 }),
  share: fc.nat({ max: 2 }),
});

test('whatever nodes do: what one that works has is taken once, and complete is said of what has been had', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ holders, known: isKnown, faults, after, idsPerPage, share }) => {
      const all = range(holders.length);
      const nodes = faults.map((fault, index) => {
        const mail = all.filter((_, each) => ((holders[each]! >> index) & 1) === 1);
        return nodeOf(mail, {
          isOld: fault === 'old',
          withholds: ({ length }) => fault === 'withholds' && length > 0,
          bogus:
            fault === 'lies' ? [3, 7, 90].map((each) => mintMessageId(each, new Uint8Array(10).fill(1))) : [],
          ...(fault === 'list fails' && { listsLeft: after }),
          ...(fault === 'pages fail' && { pagesLeft: after }),
        });
      });
      const { catchUp, taken, known, last } = readingOf(nodes, { idsPerPage, share });
      all.forEach(({ id }, index) => isKnown[index] && known.add(id));
      const before = new Set(known);
      await catchUp.run();
      catchUp.stop();
      const ids = taken.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => before.has(id))).toEqual([]);
      const works = nodes.filter((_, index) => ['none', 'old', 'lies'].includes(faults[index]!));
      for (const { mail } of works) expect(mail.filter(({ id }) => !known.has(id))).toEqual([]);
      if (!last().complete) return;
      expect(last().nodesAnswered).toBeGreaterThanOrEqual(2);
      const gap = nodes.some(
        (node) =>
          node.listsLeft > 0 &&
          [...node.mail.map(({ id }) => id), ...node.bogus].some((id) => !known.has(id)),
      );
      if (gap) expect(last().nodesAnswered).toBe(3);
    }),
    { numRuns: 300 },
  );
});

test('a node that is away is nothing to tell of; one that answers what it should not is told, whoever asks', async () => {
  await using scene = await Scene.open();
  const alice = await scene.person('alice');
  const faults: string[] = [];
  const told: string[] = [];
  alice.on('fault', (fault) => faults.push('code' in fault ? String(fault.code) : fault.message));
  alice.on('catch-up', ({ nodesAnswered, running }) => running || told.push(`${nodesAnswered} of 3`));
  const [first] = scene.cluster.nodes;
  first!.down = true;
  alice.refresh();
  await waitFor('a reading of the others', () => told.includes('2 of 3'));
  expect(faults).toEqual([]);

  first!.down = false;
  first!.refusing = 'forbidden';
  alice.refresh();
  await waitFor('the fault', () => faults.includes('forbidden'));
  first!.refusing = null;
  await waitFor('a reading of all', () => told.includes('3 of 3'));

  // Without a master the nodes are listened to.
  for (const node of scene.cluster.nodes) node.refusing = 'internal';
  scene.cluster.masterDown = true;
  scene.cluster.dropSockets();
  await waitFor('the fault', () => faults.includes('internal'));
  for (const node of scene.cluster.nodes) node.refusing = null;
  scene.cluster.masterDown = false;
  await live(alice);

  for (const socket of scene.cluster.sockets.values()) socket.send('{"type":"envelope"}');
  await waitFor('the fault', () => faults.includes('bad-answer'));
  await live(alice);
});
