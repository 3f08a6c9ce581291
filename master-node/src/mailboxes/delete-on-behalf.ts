import { setTimeout as sleep } from 'node:timers/promises';
import { deviceKey, LIMITS, type AccountId, type DeviceAddress, type MessageId } from '@restante/protocol';
import type { TokenSigner } from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import { createSlots } from '../slots.ts';
import type { MailboxNode } from './mailbox-node.ts';

/**
 * Deletes what a device has acknowledged on every node of its cell, with a short-lived token of that device: a
 * master has no right of its own to delete. What a device acknowledges within {@link INTERVAL_MS} goes with one
 * request: a busy device stays far within its rate at the nodes. Gives the number of nodes that deleted; the mesh brings it to the others.
 */
export type DeleteOnBehalf = (
  device: DeviceAddress,
  ids: readonly MessageId[],
  requestId: string,
) => Promise<number>;

const DELETE = { path: '/messages/delete', request: 'deleteRequest', answer: 'deleteResponse' } as const;
const TOKEN_TTL_MS = 60_000;
const INTERVAL_MS = 200;
const DEVICES_AT_A_TIME = 32;
const DEVICES_WAITING = 50_000;

type Waiting = {
  readonly ids: readonly MessageId[];
  readonly requestId: string;
  readonly done: (copies: number) => void;
};

type Options = {
  readonly nodesOf: (account: AccountId) => readonly MailboxNode[];
  readonly signer: TokenSigner;
  readonly metrics: Pick<Metrics, 'deletes'>;
  readonly now: () => number;
};

export const createDeleteOnBehalf = ({ nodesOf, signer, metrics, now }: Options): DeleteOnBehalf => {
  const inSlot = createSlots(DEVICES_AT_A_TIME, DEVICES_WAITING);
  const queues = new Map<string, Waiting[]>();

  const deleteOn = async (
    node: MailboxNode,
    token: string,
    body: string,
    requestIds: readonly string[],
  ): Promise<boolean> => {
    try {
      await node.post(DELETE, token, body, requestIds);
      metrics.deletes.inc({ node: node.name, result: 'deleted' });
      return true;
    } catch {
      metrics.deletes.inc({ node: node.name, result: 'failed' });
      return false;
    }
  };

  const deleteAll = async (device: DeviceAddress, batch: readonly Waiting[]): Promise<number> => {
    const ids = new Set(batch.flatMap((waiting) => waiting.ids));
    const requestIds = batch.map(({ requestId }) => requestId);
    const token = await signer.device(device, 'mailbox', now() + TOKEN_TTL_MS);
    const body = JSON.stringify({ ids: [...ids] });
    const nodes = nodesOf(device.accountId);
    const deleted = await Promise.all(nodes.map((node) => deleteOn(node, token, body, requestIds)));
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
        await deleteNext(device, queue);
        await sleep(INTERVAL_MS);
      }
    } catch {
      for (const { done } of queue) done(0);
    } finally {
      queues.delete(key);
    }
  };

  return (device, ids, requestId) =>
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
    });
};
