import nano from 'nano';
import { Agent } from 'undici';
import { envelopeDocument } from '@restante/protocol';
import { newEnvelopes } from './envelopes.ts';
import { openPost } from './http-post.ts';
import type { Job } from './job.ts';

/** A job with all its requests made ready: `send` does the next one. */
export type Sender = AsyncDisposable & { readonly send: (request: number) => Promise<void> };

/** Masters write to many mailboxes with little in each. */
const PER_MAILBOX = 10;

const envelopeGroups = (requests: number, perRequest: number) => {
  const all = newEnvelopes(requests * perRequest, PER_MAILBOX);
  return Array.from({ length: requests }, (_, index) =>
    all.slice(index * perRequest, (index + 1) * perRequest),
  );
};

const bodySender = (bodies: readonly string[], post: ReturnType<typeof openPost>): Sender => ({
  send: (request) => post.send(bodies[request]!),
  [Symbol.asyncDispose]: () => post[Symbol.asyncDispose](),
});

const nanoSender = ({ url, database, requests, connections }: Job & { kind: 'insert' }): Sender => {
  const agent = new Agent({ connections, pipelining: 1 });
  const db = nano({ url, agentOptions: agent } as unknown as nano.Configuration).use(database);
  // Without a revision: the engine is to make one, as in any insert.
  const documents = newEnvelopes(requests, PER_MAILBOX).map((envelope) =>
    Object.fromEntries(Object.entries(envelopeDocument(envelope)).filter(([field]) => field !== '_rev')),
  );
  return {
    send: async (request) => {
      await db.insert(documents[request]!);
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
};

export const createSender = (job: Job): Sender => {
  const { url, connections, requests } = job;
  switch (job.kind) {
    case 'store':
      return bodySender(
        envelopeGroups(requests, job.perRequest).map((envelopes) => JSON.stringify({ envelopes })),
        openPost(url, '/messages', {
          connections,
          authorization: `Bearer ${job.token}`,
          isGood: (answer) => !answer.includes('refused'),
        }),
      );
    case 'bulk-docs':
      return bodySender(
        envelopeGroups(requests, job.perRequest).map((envelopes) =>
          JSON.stringify({ new_edits: false, docs: envelopes.map(envelopeDocument) }),
        ),
        openPost(url, `/${job.database}/_bulk_docs`, {
          connections,
          isGood: (answer) => answer.trim() === '[]',
        }),
      );
    case 'document':
      return bodySender(
        newEnvelopes(requests, PER_MAILBOX).map((envelope) => JSON.stringify(envelopeDocument(envelope))),
        openPost(url, '/', { connections, isGood: (answer) => answer === '{}' }),
      );
    case 'insert':
      return nanoSender(job);
  }
};
