import type { StoredEnvelope, StoreResult } from '@restante/protocol';
import { answerWith, bearerToken, readBody, ServiceError, type TokenVerifier } from '@restante/service-kit';
import type { RequestHandler } from 'express';
import type { Metrics } from './metrics.ts';

/** Lets only masters pass, before their body is read. */
export const requireMaster =
  ({ tokens }: { readonly tokens: Pick<TokenVerifier, 'master'> }): RequestHandler =>
  async (request, _response, next) => {
    await tokens.master(bearerToken(request));
    next();
  };

/** `POST /messages`. When not one envelope could be written the whole request is `unavailable`. */
export const storeMessages =
  ({
    takeIn,
    isFull,
    metrics,
  }: {
    readonly takeIn: (envelopes: readonly StoredEnvelope[]) => Promise<StoreResult[]>;
    readonly isFull: () => boolean;
    readonly metrics: Metrics;
  }): RequestHandler =>
  async (request, response) => {
    const { envelopes } = readBody(request, response, 'storeRequest');
    const stopTimer = metrics.storeSeconds.startTimer();
    const results = await takeIn(envelopes);
    stopTimer();
    if (results.every((result) => result.status === 'refused' && result.code === 'unavailable')) {
      const why = isFull() ? 'the store has no room' : 'the store does not take writes now';
      throw new ServiceError('unavailable', why, { retryAfterMs: 1_000 });
    }
    for (const result of results) {
      if (result.status === 'stored') metrics.stored.inc();
      else metrics.refuse(result.code);
    }
    answerWith(response, 'storeResponse', { results });
  };
