import { accountId, deviceId, deviceKey, type DeviceAddress } from '@restante/protocol';
import { bearerToken, parseInput, ServiceError, type TokenDevice } from '@restante/service-kit';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { OwnerTokens } from './ended-tokens.ts';
import type { RateLimit } from './rate-limit.ts';

export type OwnerDeps = { readonly tokens: OwnerTokens; readonly rateLimit: RateLimit };

/** A whole number in a query or path, as text. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'not a whole number')
  .transform(Number);

/** The `device` of a query. */
export const deviceQuery = wholeNumber.pipe(deviceId);

const path = z.object({ accountId });

/** Lets only devices pass, before their body is read. */
export const requireDevice =
  ({ tokens }: OwnerDeps): RequestHandler =>
  async (request, _response, next) => {
    await tokens.device(bearerToken(request), 'mailbox');
    next();
  };

/** The mailbox whose device asks. Every request of a device counts against its rate. */
export const ownerOf = async (request: Request, { tokens, rateLimit }: OwnerDeps): Promise<TokenDevice> => {
  const owner = await tokens.device(bearerToken(request), 'mailbox');
  await rateLimit(deviceKey(owner));
  return owner;
};

/**
 * Passes when the mailbox that is asked for is the owner's. Nothing is looked up: the answer is the same whether
 * that mailbox exists or not (law 7).
 */
export const assertOwn = (owner: DeviceAddress, request: Request, device: number): void => {
  const asked = parseInput(path, { accountId: request.params['accountId'] });
  if (asked.accountId !== owner.accountId || device !== owner.deviceId) {
    throw new ServiceError('forbidden', 'this mailbox is not yours');
  }
};
