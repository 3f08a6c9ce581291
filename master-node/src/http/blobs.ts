import type { Express } from 'express';
import { z } from 'zod';
import { blobBytesFor, blobId } from '@restante/protocol';
import { answerWith, jsonBody, parseInput, readBody, ServiceError } from '@restante/service-kit';
import type { IssueTicket } from '../accounts/issue-ticket.ts';
import type { RateLimits } from '../rate-limits.ts';
import { deviceOf, requireDevice, resource, type DeviceDeps } from './route.ts';

type Deps = DeviceDeps & {
  readonly issueTicket: IssueTicket;
  /** Of the largest file. */
  readonly blobContentBytes: number;
  readonly rateLimits: Pick<RateLimits, 'blobBytes' | 'blobReads'>;
};

const path = z.object({ blobId });

/** `/api/blobs`, `/api/blobs/:blobId`: masters give tickets, bytes go to the nodes. */
export const blobRoutes = (app: Express, deps: Deps): void => {
  const { issueTicket, rateLimits } = deps;
  const authenticated = requireDevice(deps);
  const maxBytes = blobBytesFor(deps.blobContentBytes);

  resource(app, '/api/blobs', {
    post: [
      authenticated,
      ...jsonBody(),
      async (request, response) => {
        const { bytes } = readBody(request, response, 'newBlob');
        if (bytes > maxBytes) {
          const message = `a file may have ${deps.blobContentBytes} bytes here`;
          throw new ServiceError('payload-too-large', message, { path: 'bytes' });
        }
        await rateLimits.blobBytes.take(deviceOf(response).accountId, bytes);
        answerWith(response.status(201), 'blobTicket', await issueTicket.toWrite(bytes));
      },
    ],
  });

  resource(app, '/api/blobs/:blobId', {
    get: [
      authenticated,
      async (request, response) => {
        const { blobId: blob } = parseInput(path, request.params);
        await rateLimits.blobReads.take(deviceOf(response));
        answerWith(response, 'blobTicket', await issueTicket.toRead(blob));
      },
    ],
  });
};
