import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  buckets,
  bytesOfPart,
  LIMITS,
  mintBlobId,
  partDocument,
  partDocumentId,
  partsOf,
  type BlobId,
} from '@restante/protocol';
import { ensureSecrets } from '@restante/scripts/cluster';
import { createTokenSigner } from '@restante/service-kit';
import { askCouch } from '@restante/testkit';
import { soon, write } from './couches.ts';
import { pick, type Fault } from './fault.ts';
import { startSoon } from './processes.ts';
import type { BlobsAtNode } from '../history/line.ts';
import type { World } from '../world/world.ts';
import type { LifeEvent } from '../run/life-event.ts';

/**
 * Uploads of nine days ago: nodes take away what there is of them while the run goes on, by the time that has surely come, as soon as they know
 * that nobody has the rest. What was begun in a run itself would have to be waited for a day.
 */

const AGE_MS = 9 * 24 * 60 * 60 * 1000;
const BUCKET_DAYS = 10;
const PUT_MS = 3_000;
const PART = LIMITS.blobPartBytes;
const BYTES = 2 * PART + 100;
const PARTS = partsOf(BYTES);
/** Which parts come of one that is not ended: each choice that leaves something out. */
const CHOICES = 2 ** PARTS - 2;

const newOldBlob = (): BlobId => mintBlobId(Date.now() - AGE_MS, randomBytes(10));
const bucketOf = ({ cluster }: World, atMs: number): string =>
  cluster.parts.databasePrefix + buckets(BUCKET_DAYS, LIMITS.messageTtlMs, 'blobs').nameAt(atMs);
const digestOf = (base64: string): string => createHash('sha256').update(base64).digest('hex');

/** Somebody puts some of the parts of a file at a node, and nothing more. */
export const abandonsUpload: LifeEvent = {
  name: 'abandons-upload',
  weight: 2,
  happen: async (world, [where, choice = 0]) => {
    const { cluster } = world;
    const node = pick(cluster.parts.mailboxNodes, where);
    if (node === undefined) return;
    const blob = newOldBlob();
    const chosen = 1 + (choice % CHOICES);
    world.uploads.set(blob, null);
    world.note({ type: 'upload', blob, parts: null });
    const signer = createTokenSigner(ensureSecrets(cluster.dataDir).tokenPrivateKey);
    const ticket = await signer.blob({ blob, bytes: BYTES }, Date.now() + 60_000);
    for (let part = 0; part < PARTS; part += 1) {
      if ((chosen & (1 << part)) === 0) continue;
      const put = fetch(`${node.url}/blobs/${blob}/${part}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream', authorization: `Bearer ${ticket}` },
        body: new Uint8Array(randomBytes(bytesOfPart(BYTES, part))),
        signal: AbortSignal.timeout(PUT_MS),
      });
      await put.then((answer) => answer.arrayBuffer()).catch(() => undefined);
    }
  },
};

/**
 * A node has all of a file, as after an upload while the others were away, and is away itself when another one comes upon its last part. Which may be a
 * moment in which it looks at what has come to it.
 */
export const fileAtOneNode: Fault = {
  name: 'file-at-one-node',
  weight: 2,
  minSteps: 30,
  maxSteps: 60,
  begin: async (world, [which = 0, other = 0]) => {
    const { couchServers, mailboxNodes } = world.cluster.parts;
    const [one, node] = [pick(couchServers, which), pick(mailboxNodes, which)];
    const another = pick(couchServers, which + 1 + (other % 2));
    if (one === undefined || another === undefined || node?.pid === undefined) return null;
    const blob = newOldBlob();
    const database = bucketOf(world, Date.now() - AGE_MS);
    const at = (adminUrl: string) => ({
      ask: (path: string, method?: string, body?: object) =>
        askCouch(adminUrl, `${database}/${path}`, method, body),
    });
    const data = Array.from({ length: PARTS }, (_, part) =>
      randomBytes(bytesOfPart(BYTES, part)).toString('base64'),
    );
    const documents = data.map((each, part) => partDocument(blob, part, BYTES, each));
    await node.kill('SIGKILL');
    const end = (): Promise<void> => {
      startSoon(node);
      return Promise.resolve();
    };
    if (!(await write(at(one.adminUrl), ...documents).isDone)) return { on: `none, ${node.name} ends`, end };
    world.uploads.set(blob, data.map(digestOf));
    world.note({ type: 'upload', blob, parts: data.map(digestOf) });
    await write(at(another.adminUrl), ...documents.slice(-1)).isDone;
    return { on: `${blob}, ${node.name} ends, ${another.name} has its last part`, end };
  },
};

type Rows = { readonly rows: readonly { readonly doc?: { readonly data?: string } | null }[] };

/** Digests of the parts that a CouchDB has of each upload of the run; null: it does not have it. */
const readAt = async (world: World, adminUrl: string): Promise<BlobsAtNode['blobs']> => {
  const database = bucketOf(world, world.begunAtMs - AGE_MS);
  const later = bucketOf(world, Date.now() - AGE_MS);
  const found: Record<string, (string | null)[]> = {};
  for (const blob of world.uploads.keys()) {
    const keys = Array.from({ length: PARTS }, (_, part) => partDocumentId(blob, part));
    const parts = Array.from({ length: PARTS }, (): string | null => null);
    for (const bucket of new Set([database, later])) {
      const { status, body } = await askCouch(adminUrl, `${bucket}/_all_docs?include_docs=true`, 'POST', {
        keys,
      });
      if (status !== 200) throw new Error(`${status} for what there is of uploads`);
      (body as Rows).rows.forEach(({ doc }, part) => {
        if (doc?.data !== undefined) parts[part] = digestOf(doc.data);
      });
    }
    found[blob] = parts;
  }
  return found;
};

const isAsItShouldBe = (world: World, nodes: readonly BlobsAtNode[]): boolean =>
  [...world.uploads].every(([blob, digests]) =>
    nodes.every(({ blobs }) =>
      (blobs[blob] ?? []).every((digest, part) => digest === (digests?.[part] ?? null)),
    ),
  );

/** Nodes look at uploads, and for those that have files, every twelve seconds here. */
const DEADLINE_MS = 60_000;
const POLL_MS = 500;

/** Notes what each node has of the uploads of the run, when that is as it should be, or does not come to be. */
export const noteUploads = async (world: World): Promise<void> => {
  if (world.uploads.size === 0) return;
  const read = (): Promise<BlobsAtNode[] | null> =>
    Promise.all(
      world.cluster.parts.couchServers.map(async ({ name, adminUrl }) => ({
        node: name,
        blobs: await readAt(world, adminUrl),
      })),
    ).catch(() => null);
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const nodes = await soon(read());
    const isOver = Date.now() >= end;
    if (nodes !== null && (isOver || isAsItShouldBe(world, nodes))) {
      world.note({ type: 'blobs', nodes });
      return;
    }
    // That nothing answers is told by what is not at rest.
    if (isOver) return;
    await sleep(POLL_MS);
  }
};
