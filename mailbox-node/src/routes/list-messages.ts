import { LIMITS, messageId, type DeviceAddress, type MessageId } from '@restante/protocol';
import { answerWith, parseInput } from '@restante/service-kit';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { MailboxStore } from '../mail/mailbox-store.ts';
import type { Metrics } from './metrics.ts';
import { assertOwn, deviceQuery, ownerOf, wholeNumber, type OwnerDeps } from './owner.ts';

const DEFAULT_LIMIT = 100;

/** What is asked of a page of at most `largest`. */
const queryOf = (largest: number) =>
  z.strictObject({
    device: deviceQuery,
    limit: wholeNumber.pipe(z.int().min(1).max(largest)).default(DEFAULT_LIMIT),
    after: z.optional(messageId),
  });

const pageQuery = queryOf(LIMITS.envelopesPerPage);
const idsQuery = queryOf(LIMITS.idsPerPage);

type Deps = OwnerDeps & {
  readonly store: MailboxStore;
  readonly metrics: Metrics;
  /** Whether this node has all that it should have. */
  readonly isComplete: () => boolean;
};

const askedOf = async (
  request: Request,
  deps: Deps,
  query: ReturnType<typeof queryOf>,
): Promise<{ owner: DeviceAddress; range: { limit: number; after?: MessageId } }> => {
  const owner = await ownerOf(request, deps);
  const { device, limit, after } = parseInput(query, request.query);
  assertOwn(owner, request, device);
  return { owner, range: after === undefined ? { limit } : { limit, after } };
};

/**
 * `GET /messages/:accountId?device=&limit=&after=`. While the mesh fills a database that was lost, the last page is not
 * `complete` and has no `next`: this is what is here by now.
 */
export const listMessages =
  (deps: Deps): RequestHandler =>
  async (request, response) => {
    const { owner, range } = await askedOf(request, deps, pageQuery);
    const stopTimer = deps.metrics.readSeconds.startTimer();
    const page = await deps.store.list(owner, range);
    stopTimer();
    deps.metrics.pages.inc();
    deps.metrics.pageMessages.inc(page.messages.length);
    const complete = page.complete && deps.isComplete();
    answerWith(response.set('cache-control', 'no-store'), 'mailboxPage', { ...page, complete });
  };

/** `GET /messages/:accountId/ids?device=&limit=&after=`: the same of the ids alone, with which a client begins. */
export const listIds =
  (deps: Deps): RequestHandler =>
  async (request, response) => {
    const { owner, range } = await askedOf(request, deps, idsQuery);
    if (range.after === undefined) deps.metrics.catchUpsBegun.inc();
    const page = await deps.store.listIds(owner, range);
    if (page.complete) deps.metrics.catchUpsCompleted.inc();
    deps.metrics.pageExpired.inc(page.expired);
    const complete = page.complete && deps.isComplete();
    answerWith(response.set('cache-control', 'no-store'), 'mailboxIds', { ...page, complete });
  };
