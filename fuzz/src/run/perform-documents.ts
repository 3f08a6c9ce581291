import type { TokenSigner } from '@restante/service-kit';
import type { Input, Reader } from '../inputs/input.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { performRequest } from './perform-request.ts';

const HOUR_MS = 3_600_000;

const json = { 'content-type': 'application/json' };

const write = ({
  couchUrl,
  database,
  documents,
}: Extract<Input, { kind: 'documents' }>): Promise<Outcome> => {
  const { origin, username, password } = new URL(couchUrl);
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return performRequest({
    to: origin,
    method: 'POST',
    path: `/${encodeURIComponent(database)}/_bulk_docs`,
    headers: { ...json, authorization: `Basic ${credentials.toString('base64')}` },
    body: Buffer.from(JSON.stringify({ docs: documents, new_edits: false })),
  });
};

const read = async ({ to, method, path, as, body }: Reader, signer: TokenSigner): Promise<Outcome> => {
  const token = as && (await signer.device(as, as.audience, Date.now() + HOUR_MS));
  return performRequest({
    to,
    method,
    path,
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body !== null && json) },
    body: body === null ? null : Buffer.from(JSON.stringify(body)),
  });
};

/** Writes the documents, and has the services read them; what is worst of their answers counts. */
export const performDocuments = async (
  input: Extract<Input, { kind: 'documents' }>,
  signer: TokenSigner,
): Promise<Outcome> => {
  const sinceMs = performance.now();
  const written = await write(input);
  // What a CouchDB does not take reaches nobody; how soon it writes to its disk is not asked.
  if (written.answer !== '201')
    return { ...outcomeOf(`not written ${written.answer}`, sinceMs), latencyMs: 0 };
  let worst: Outcome = { answer: 'read', latencyMs: 0, fault: null };
  for (const reader of input.readers) {
    const outcome = await read(reader, signer);
    const latencyMs = Math.max(worst.latencyMs, outcome.latencyMs);
    const answer = worst.fault === null && outcome.answer >= '400' ? outcome.answer : worst.answer;
    worst = { answer, latencyMs, fault: worst.fault ?? outcome.fault };
  }
  return worst;
};
