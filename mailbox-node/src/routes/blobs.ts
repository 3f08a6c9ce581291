import { blobId, bytesOfPart, LIMITS, type BlobId } from '@restante/protocol';
import {
  answerWith,
  bearerToken,
  methodNotAllowed,
  parseInput,
  ServiceError,
  type BlobRight,
  type TokenVerifier,
} from '@restante/service-kit';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { BlobPlaces } from '../blobs/blob-places.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { PartCopies } from '../blobs/part-copies.ts';
import type { ByteBudget } from '../mail/byte-budget.ts';
import { wholeNumber } from './owner.ts';
import type { RateLimit } from './rate-limit.ts';

export type BlobDeps = {
  readonly tokens: Pick<TokenVerifier, 'blob'>;
  readonly store: BlobStore;
  /** Null: parts are put and got here alone. */
  readonly places: BlobPlaces | null;
  readonly copies: PartCopies;
  /** Of parts that are in memory. */
  readonly budget: ByteBudget;
  /** Of each blob. */
  readonly rateLimit: RateLimit;
};

const OCTETS = 'application/octet-stream';
/** What a part takes in memory while it is written, beside the text that goes to CouchDB, or while it is read: as it is, and as base64. */
const ROOM_BYTES = 2.5 * LIMITS.blobPartBytes;

const blobPath = z.object({ blobId });
const partPath = z.object({ part: wholeNumber.pipe(z.int().max(LIMITS.blobParts - 1)) });
/** `own`: it comes from a node that brings it to the others itself. */
const putQuery = z.strictObject({ copies: z.literal('own').optional() });

type Run = { readonly from: number; to: number };

const runsOf = (numbers: readonly number[]): Run[] => {
  const runs: Run[] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last?.to === number - 1) last.to = number;
    else runs.push({ from: number, to: number });
  }
  return runs;
};

/** Adds `/blobs/…`: whoever has a ticket for a blob reads or writes it, and nothing else (law 7). */
export const blobRoutes = (
  app: Express,
  { tokens, store, places, copies, budget, rateLimit }: BlobDeps,
): void => {
  /** Lets a ticket for the blob of the path pass, before a body is read. */
  const requireTicket: RequestHandler = async (request, response, next) => {
    const right = await tokens.blob(bearerToken(request));
    if (parseInput(blobPath, request.params).blobId !== right.blob)
      throw new ServiceError('forbidden', 'this ticket is for another blob');
    await rateLimit(right.blob);
    response.locals['right'] = right;
    next();
  };
  const rightOf = (response: Response): BlobRight => response.locals['right'] as BlobRight;
  const partAsked = (
    request: Request,
    response: Response,
  ): { readonly blob: BlobId; readonly part: number } => ({
    blob: rightOf(response).blob,
    part: parseInput(partPath, request.params).part,
  });

  /**
   * Room in memory for one part, before any of it is there, until the answer is over and what {@link keepRoom} was told of has settled.
   */
  const holdRoom: RequestHandler = (_request, response, next) => {
    // It has broken off meanwhile: nothing would tell of its end any more.
    if (response.closed) return;
    budget.take(ROOM_BYTES);
    response.on('close', () => {
      const held = response.locals['held'] as Promise<unknown> | undefined;
      void Promise.allSettled([held]).then(() => budget.giveBack(ROOM_BYTES));
    });
    next();
  };
  const keepRoom = (response: Response, held: Promise<unknown>): void => {
    response.locals['held'] = held;
  };
  const requireToWrite: RequestHandler = (request, response, next) => {
    const { bytes } = rightOf(response);
    if (bytes === null) throw new ServiceError('forbidden', 'this ticket is for reading alone');
    if (bytesOfPart(bytes, partAsked(request, response).part) === 0)
      throw new ServiceError('bad-request', 'the blob has no such part', { path: 'part' });
    next();
  };
  const putPart: RequestHandler = async (request, response) => {
    const { blob, part } = partAsked(request, response);
    const { copies: wanted } = parseInput(putQuery, request.query);
    const data: unknown = request.body;
    if (!Buffer.isBuffer(data))
      throw new ServiceError('unsupported-media-type', `the body must be ${OCTETS}`);
    const bytes = rightOf(response).bytes ?? 0;
    if (data.length === 0 || data.length !== bytesOfPart(bytes, part))
      throw new ServiceError('bad-request', 'the part is not as long as its blob says', { path: 'part' });
    const own = store.put({ blob, part, bytes, data });
    if (wanted === 'own') {
      keepRoom(response, own);
      await own;
      answerWith(response, 'partStored', { copies: 1 });
      return;
    }
    const spread = copies.spread({ blob, part, bytes, data }, bearerToken(request), own);
    keepRoom(response, spread.done);
    answerWith(response, 'partStored', { copies: await spread.copies });
  };

  const tellPlace: RequestHandler = async (request, response) => {
    const { blob, part } = partAsked(request, response);
    const { bytes } = rightOf(response);
    if (places === null) throw new ServiceError('not-found', 'there are no places for parts here');
    const place = bytes === null ? await places.toGet(blob, part) : await places.toPut({ blob, part, bytes });
    if (place === null) throw new ServiceError('not-found', 'the blob has expired');
    answerWith(response.set('cache-control', 'no-store'), 'partPlace', place);
  };
  const requirePartToWrite: RequestHandler = (request, response, next) => {
    if (rightOf(response).bytes === null) next();
    else requireToWrite(request, response, next);
  };

  const raw = express.raw({ type: OCTETS, limit: LIMITS.blobPartBytes, inflate: false });
  app.put('/blobs/:blobId/:part', requireTicket, requireToWrite, holdRoom, raw, putPart);
  app.post('/blobs/:blobId/:part', requireTicket, requirePartToWrite, tellPlace);
  app.get('/blobs/:blobId/:part', requireTicket, holdRoom, async (request, response) => {
    const { blob, part } = partAsked(request, response);
    const reading = store.get(blob, part);
    keepRoom(response, reading);
    const data = await reading;
    if (data === null) throw new ServiceError('not-found', 'this node does not have the part');
    response.set({ 'content-type': OCTETS, 'cache-control': 'no-store' }).send(data);
  });
  app.get('/blobs/:blobId', requireTicket, async (_request, response) => {
    const parts = runsOf(await store.parts(rightOf(response).blob));
    answerWith(response.set('cache-control', 'no-store'), 'blobParts', { parts });
  });
  for (const path of ['/blobs/:blobId', '/blobs/:blobId/:part']) app.all(path, methodNotAllowed);
};
