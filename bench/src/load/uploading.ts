/** Process of a client that stores a file of random bytes, encryption included. */
import { randomBytes } from 'node:crypto';
import { blobApi, createHttp, uploadBlob, type Ticket } from '@restante/client/blobs';
import { VERSIONS } from '@restante/protocol';
import { serveParent } from './load-process.ts';

export type UploadingTask = { readonly ticket: Ticket; readonly bytes: number };

const api = blobApi(createHttp(globalThis.fetch, VERSIONS), globalThis.fetch);

serveParent(async ({ ticket, bytes }: UploadingTask): Promise<null> => {
  const file = randomBytes(bytes);
  await uploadBlob({
    ...{ api, ticket, backoff: { minMs: 100, maxMs: 1_000 }, signal: new AbortController().signal },
    key: new Uint8Array(randomBytes(32)),
    content: { size: bytes, read: (from, to) => Promise.resolve(file.subarray(from, to)) },
  });
  return null;
});
