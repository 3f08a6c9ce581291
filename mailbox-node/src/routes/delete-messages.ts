import {
  deviceKey,
  messageId,
  type DeleteResponse,
  type DeviceAddress,
  type MessageId,
} from '@restante/protocol';
import { answerWith, parseInput, readBody } from '@restante/service-kit';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { MailboxQuota } from '../mail/mailbox-quota.ts';
import type { SenderShares } from '../mail/sender-shares.ts';
import type { MailboxStore } from '../mail/mailbox-store.ts';
import type { Metrics } from './metrics.ts';
import { ownerOf, type OwnerDeps } from './owner.ts';
import type { RateLimit } from './rate-limit.ts';

type Deps = OwnerDeps & {
  readonly store: MailboxStore;
  readonly quota: MailboxQuota;
  readonly shares: SenderShares;
  readonly metrics: Metrics;
  /** Of messages, not of requests. */
  readonly deletionRate: RateLimit;
};

const path = z.object({ id: messageId });

const acknowledge = async (deps: Deps, owner: DeviceAddress, ids: MessageId[]): Promise<DeleteResponse> => {
  await deps.deletionRate(deviceKey(owner), ids.length);
  const deleted = await deps.store.acknowledge(owner, ids);
  deps.quota.release(owner, deleted);
  deps.shares.release(owner, ids);
  deps.metrics.deleted.inc(deleted);
  return { deleted };
};

/** `DELETE /messages/:id`. */
export const deleteMessage =
  (deps: Deps): RequestHandler =>
  async (request, response) => {
    const owner = await ownerOf(request, deps);
    const { id } = parseInput(path, { id: request.params['id'] });
    answerWith(response, 'deleteResponse', await acknowledge(deps, owner, [id]));
  };

/** `POST /messages/delete`. */
export const deleteMessages =
  (deps: Deps): RequestHandler =>
  async (request, response) => {
    const owner = await ownerOf(request, deps);
    const { ids } = readBody(request, response, 'deleteRequest');
    answerWith(response, 'deleteResponse', await acknowledge(deps, owner, [...new Set(ids)]));
  };
