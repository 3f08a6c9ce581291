import { buckets } from '@restante/protocol';
import { BELIEVED_STEP_MS } from '@restante/service-kit';
import {
  askCouch,
  mailboxNodeConfigs,
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestNode,
  waitFor,
  type TestNode,
} from '@restante/testkit';
import { expect, it } from 'vitest';

const DAY_MS = 24 * 60 * 60 * 1000;
const TTL_DAYS = 2;

const ask = async (node: TestNode, path: string): Promise<unknown> =>
  (await askCouch(node.config.couch.adminUrl, path)).body;

const databasesOf = async (node: TestNode): Promise<string[]> =>
  ((await ask(node, '_all_dbs')) as string[]).filter((name) =>
    name.startsWith(node.config.couch.databasePrefix),
  );

const replicationsOf = async (node: TestNode, database: string): Promise<string[]> => {
  const { rows } = (await ask(node, '_replicator/_all_docs')) as { rows: { id: string }[] };
  return rows.map(({ id }) => id).filter((id) => id.startsWith(`restante-${database}-from-`));
};

it('a bucket lives from before its first message until after its last one, and never again', async () => {
  await using couches = await startCouches(2);
  const spans = buckets(1, TTL_DAYS * DAY_MS);
  const noon = (spans.startOf(spans.nameAt(Date.now())) ?? 0) + DAY_MS / 2;
  const clocks = [{ nowMs: noon }, { nowMs: noon }];
  const keys = newTestKeys(() => Math.min(...clocks.map(({ nowMs }) => nowMs)));
  const configs = (await mailboxNodeConfigs(couches, keys)).map((config) => ({
    ...config,
    bucketSpanDays: 1,
    messageTtlMs: TTL_DAYS * DAY_MS,
  }));
  const start = (index: number) => startTestNode(configs[index]!, keys, { now: () => clocks[index]!.nowMs });
  await using first = await start(0);
  await using second = await start(1);
  const nodes = [first, second];
  const owner = `${couches.prefix}data`;
  const hasBuckets = async (node: TestNode, timeMs: number): Promise<boolean> => {
    for (const name of spans.liveAt(timeMs)) {
      const security = await ask(node, `${couches.prefix}${name}/_security`);
      const { members } = security as { members?: { names: string[] } };
      if (members?.names[0] !== owner) return false;
    }
    return true;
  };
  const moveTo = async (timeMs: number, moved = [0, 1]): Promise<void> => {
    for (const index of moved) clocks[index]!.nowMs = timeMs;
    for (const index of moved) await waitFor('its buckets', () => hasBuckets(nodes[index]!, timeMs));
  };

  // Created ahead of its time, with its rights and its pulls.
  const next = couches.prefix + spans.nameAt(noon + DAY_MS);
  for (const node of nodes) {
    await waitFor('the next bucket', async () => (await databasesOf(node)).includes(next));
    await waitFor('its pull', async () => (await replicationsOf(node, next)).length === 1);
    expect(await ask(node, `${next}/_security`)).toMatchObject({
      admins: { roles: ['_admin'] },
      members: { names: [owner], roles: [] },
    });
    for (const database of ['directory', 'node']) {
      expect(await ask(node, `${couches.prefix}${database}/_security`)).toMatchObject({
        admins: { roles: ['_admin'] },
        members: { names: [owner], roles: [] },
      });
    }
    expect(await ask(node, `${couches.prefix}directory/_revs_limit`)).toBe(100);
  }

  // Filled, also shortly before its time by a clock that runs ahead.
  const born = noon + DAY_MS;
  const mailbox = newMailbox();
  const newMessage = (timeMs: number) => {
    const envelope = newEnvelope(mailbox, { timeMs });
    return { ...envelope, expiresAt: timeMs + TTL_DAYS * DAY_MS };
  };
  await moveTo(born - DAY_MS / 2 - 60_000);
  const early = newMessage(born - DAY_MS / 2 + 60_000);
  expect(await first.store(early)).toEqual([{ status: 'stored' }]);
  expect(await first.ids(mailbox)).toEqual([early.id]);
  await moveTo(born);
  const [read, unread] = [newMessage(born - 1_000), newMessage(born)];
  await first.store(read, unread);
  await waitFor('replication', async () => (await second.ids(mailbox)).length === 3);
  for (const node of nodes) await node.acknowledge(mailbox, read.id);
  const left = [early.id, unread.id].join();
  for (const node of nodes) expect((await node.ids(mailbox)).join()).toBe(left);

  // Expired on reading to the millisecond, and still there on disk (laws 8 and 9).
  await moveTo(born + TTL_DAYS * DAY_MS - 1);
  expect(await second.list(mailbox)).toMatchObject({ messages: [{ id: unread.id }], expired: 1 });
  await moveTo(born + TTL_DAYS * DAY_MS);
  await waitFor('the new buckets to be caught up', async () => (await second.list(mailbox)).complete);
  expect(await second.list(mailbox)).toMatchObject({ messages: [], expired: 2, complete: true });
  const ledger = (node: TestNode, state: string) =>
    node.metric(`mailbox_ledger_messages{bucket="${next}",state="${state}"}`);
  for (const node of nodes) {
    await waitFor('the ledger', async () => (await ledger(node, 'expired')) === 2);
    expect(await ledger(node, 'accepted')).toBe(3);
    expect(await ledger(node, 'deleted')).toBe(1);
    expect(await ledger(node, 'waiting')).toBe(0);
  }

  // Its pulls end by the node whose time has come, which needs nobody's leave; its documents go when that is sure (law 15).
  const end = born + DAY_MS / 2 + TTL_DAYS * DAY_MS;
  await moveTo(end, [0]);
  await waitFor('its pulls to go', async () => (await replicationsOf(first, next)).length === 0);
  await waitFor('its ledger to go', async () => (await ledger(first, 'accepted')) === null);
  await moveTo(end + BELIEVED_STEP_MS - 60_000, [0]);
  expect(await databasesOf(first)).toContain(next);
  await moveTo(end + BELIEVED_STEP_MS, [0]);
  await waitFor('the drop', async () => !(await databasesOf(first)).includes(next));
  expect(await databasesOf(second)).toContain(next);

  // Not created again: by a late write, a late delete, or the peer that still has it.
  expect(await first.store(newMessage(end - TTL_DAYS * DAY_MS - 1))).toEqual([
    { status: 'refused', code: 'message-expired' },
  ]);
  await first.acknowledge(mailbox, unread.id);
  await moveTo(end + BELIEVED_STEP_MS + DAY_MS, [0]);
  expect(await databasesOf(first)).not.toContain(next);
  await moveTo(end, [1]);
  await moveTo(end + BELIEVED_STEP_MS, [1]);
  await waitFor('the drop at the other', async () => !(await databasesOf(second)).includes(next));
  await waitFor('its pulls to go', async () => (await replicationsOf(second, next)).length === 0);
  await moveTo(end + BELIEVED_STEP_MS + DAY_MS, [1]);
  for (const node of nodes) expect(await databasesOf(node)).not.toContain(next);
});
