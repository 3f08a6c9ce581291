import { setTimeout as sleep } from 'node:timers/promises';
import { deviceKey, LIMITS, type AccountId, type DeviceAddress, type MessageId } from '@restante/protocol';
import type { Logger, TokenSigner } from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import { createSlots } from '../slots.ts';
import type { MailboxNode } from './mailbox-node.ts';
import { startOwedDeletes } from './owed-deletes.ts';

/**
 * Deletes what a device has acknowledged on every node of its cell, with a short-lived token of that device: a
 * master has no right of its own to delete. What a device acknowledges within {@link GATHER_MS} goes with one
 * request: a busy device stays far within its rate at the nodes, and what was pushed as soon as two nodes had it has come to the third. Gives the
 * number of nodes that deleted; the others are told again.
 */
export type DeleteOnBehalf = AsyncDisposable & {
  readonly delete: (device: DeviceAddress, ids: readonly MessageId[], requestId: string) => Promise<number>;
};

const DELETE = { path: '/messages/delete', request: 'deleteRequest', answer: 'deleteResponse' } as const;
const TOKEN_TTL_MS = 60_000;
const GATHER_MS = 400;
const DEVICES_AT_A_TIME = 64;
const DEVICES_WAITING = 50_000;

type Waiting = {
  readonly ids: readonly MessageId[];
  readonly requestId: string;
  readonly done: (copies: number) => void;
};

type Options = {
  /** All nodes, of all cells. */
  readonly nodes: readonly MailboxNode[];
  readonly nodesOf: (account: AccountId) => readonly MailboxNode[];
  readonly signer: TokenSigner;
  readonly metrics: Pick<Metrics, 'deletes' | 'watchOwedDeletes'>;
  readonly log: Logger;
  readonly now: () => number;
};

export const startDeleteOnBehalf = ({
  nodes,
  nodesOf,
  signer,
  metrics,
  log,
  now,
}: Options): DeleteOnBehalf => {
  const inSlot = createSlots(DEVICES_AT_A_TIME, DEVICES_WAITING);
  const queues = new Map<string, Waiting[]>();

  const tokenOf = (device: DeviceAddress): Promise<string> =>
    signer.device(device, 'mailbox', now() + TOKEN_TTL_MS);

  /** How many the node had; null when it has not done it. */
  const deleteOn = async (
    node: MailboxNode,
    token: string,
    ids: readonly MessageId[],
    requestIds: readonly string[],
  ): Promise<number | null> => {
    const body = JSON.stringify({ ids });
    try {
      const { deleted } = await node.post(DELETE, token, body, requestIds);
      metrics.deletes.inc({ node: node.name, result: 'deleted' });
      return deleted;
    } catch {
      metrics.deletes.inc({ node: node.name, result: 'failed' });
      return null;
    }
  };

  const owed = startOwedDeletes(nodes, {
    log,
    deleteAt: async (node, device, ids) => deleteOn(node, await tokenOf(device), ids, []),
  });
  metrics.watchOwedDeletes(owed.countFor);

  const deleteAll = async (device: DeviceAddress, batch: readonly Waiting[]): Promise<number> => {
    const ids = [...new Set(batch.flatMap((waiting) => waiting.ids))];
    const requestIds = batch.map(({ requestId }) => requestId);
    const token = await tokenOf(device);
    const deleted = await Promise.all(
      nodesOf(device.accountId).map(async (node) => {
        const had = await deleteOn(node, token, ids, requestIds);
        if (had === null) owed.note(node, device, ids);
        else if (had < ids.length) owed.noteMissing(node, device, ids);
        return had !== null;
      }),
    );
    return deleted.filter(Boolean).length;
  };

  const takeBatch = (queue: Waiting[]): Waiting[] => {
    let count = 0;
    const end = queue.findIndex(({ ids }) => (count += ids.length) > LIMITS.idsPerAcknowledge);
    return queue.splice(0, end === -1 ? queue.length : end);
  };

  /** Takes what waits when its turn has come. */
  const deleteNext = (device: DeviceAddress, queue: Waiting[]): Promise<void> =>
    inSlot(async () => {
      const batch = takeBatch(queue);
      const copies = await deleteAll(device, batch).catch(() => 0);
      for (const { done } of batch) done(copies);
    });

  const run = async (device: DeviceAddress, key: string, queue: Waiting[]): Promise<void> => {
    try {
      while (queue.length > 0) {
        await sleep(GATHER_MS);
        await deleteNext(device, queue);
      }
    } catch {
      for (const { done } of queue) done(0);
    } finally {
      queues.delete(key);
    }
  };

  return {
    delete: (device, ids, requestId) =>
      new Promise((done) => {
        const key = deviceKey(device);
        const queue = queues.get(key);
        if (queue) {
          queue.push({ ids, requestId, done });
          return;
        }
        const begun: Waiting[] = [{ ids, requestId, done }];
        queues.set(key, begun);
        void run(device, key, begun);
      }),
    [Symbol.asyncDispose]: () => owed[Symbol.asyncDispose](),
  };
};
