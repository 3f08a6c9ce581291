import { LIMITS, messageId } from '@restante/protocol';
import { answerWith, parseInput } from '@restante/service-kit';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { MailboxStore } from '../mail/mailbox-store.ts';
import type { Metrics } from './metrics.ts';
import { assertOwn, deviceQuery, ownerOf, wholeNumber, type OwnerDeps } from './owner.ts';

const DEFAULT_LIMIT = 100;

const query = z.strictObject({
  device: deviceQuery,
  limit: wholeNumber.pipe(z.int().min(1).max(LIMITS.envelopesPerPage)).default(DEFAULT_LIMIT),
  after: z.optional(messageId),
});

type Deps = OwnerDeps & {
  readonly store: MailboxStore;
  readonly metrics: Metrics;
  /** Whether this node has all that it should have. */
  readonly isComplete: () => boolean;
};

/**
 * `GET /messages/:accountId?device=&limit=&after=`. While the mesh fills a database that was lost, the last page is not
 * `complete` and has no `next`: this is what is here by now.
 */
export const listMessages =
  (deps: Deps): RequestHandler =>
  async (request, response) => {
    const owner = await ownerOf(request, deps);
    const { device, limit, after } = parseInput(query, request.query);
    assertOwn(owner, request, device);
    if (after === undefined) deps.metrics.catchUpsBegun.inc();
    const stopTimer = deps.metrics.readSeconds.startTimer();
    const page = await deps.store.list(owner, after === undefined ? { limit } : { limit, after });
    stopTimer();
    deps.metrics.pages.inc();
    if (page.complete) deps.metrics.catchUpsCompleted.inc();
    deps.metrics.pageMessages.inc(page.messages.length);
    deps.metrics.pageExpired.inc(page.expired);
    const complete = page.complete && deps.isComplete();
    answerWith(response.set('cache-control', 'no-store'), 'mailboxPage', { ...page, complete });
  };
