import {
  documentId,
  envelopeDocument,
  storedEnvelope,
  tombstoneDocument,
  type StoredEnvelope,
} from '@restante/protocol';
import type { SeededRandom } from '@restante/testkit/seeded-random';
import type { Device } from '../stage/device.ts';
import { isObject, textOf, type Json, type JsonObject } from '../values/json.ts';
import { mutateValue } from '../values/mutate-value.ts';
import { shapeOf, valueOf } from '../values/shape.ts';
import type { Draft } from './draft.ts';
import type { Input, Reader } from './input.ts';
import { drawMessageId, drawUsername, drawUuid, knownTo } from './known.ts';
import type { World } from './world.ts';

/**
 * Documents as a peer, a disk or somebody with a CouchDB's credentials may have left them, among sound ones: of a mailbox that is
 * read afterwards, or of an account that is a copy of one of the directory under other names, so that nobody else is harmed.
 */

type Documents = Extract<Input, { kind: 'documents' }>;

const envelopeShape = shapeOf(storedEnvelope);

const drawRevision = (random: SeededRandom): string => {
  const hash = Buffer.from(random.bytes(16)).toString('hex');
  return random.pick([
    `1-${hash}`,
    `2-${hash}`,
    `3-${hash}`,
    `999-${hash}`,
    '1-x',
    '0-0',
    `1-${hash}-${hash}`,
    '1',
  ]);
};

/** A change of what stands around a document's fields, and no change of whose it is. */
const mutateIdentity = (document: Json, random: SeededRandom): Json => {
  if (!isObject(document)) return document;
  const id = textOf(document, '_id');
  const place = id.lastIndexOf(':') + 1;
  return random.pick<() => Json>([
    () => ({ ...document, _rev: drawRevision(random) }),
    () => ({
      ...document,
      _id:
        id.slice(0, place) +
        random.pick(['', '0', 'x', id.slice(place).toUpperCase(), '\u{1F600}', 'x'.repeat(3_000)]),
    }),
    () => ({ ...document, _id: `${id}:more` }),
    () => ({ ...document, _deleted: random.pick<Json>([true, false]) }),
    () => ({ ...document, v: random.pick<Json>([0, 2, '1', null]) }),
    () => ({
      ...document,
      _revisions: { start: random.below(4), ids: [Buffer.from(random.bytes(16)).toString('hex')] },
    }),
    () => ({ ...document, _attachments: { a: { content_type: 'text/plain', data: 'AAAA' } } }),
  ])();
};

/** Keeps what a document is called while its fields change. */
const mutateFields = (document: Json, random: SeededRandom): Json => {
  if (!isObject(document)) return document;
  const { _id, _rev, ...fields } = document;
  const changed = mutateValue(fields, random);
  return {
    ...(isObject(changed) ? changed : { changed }),
    ...(_id !== undefined && { _id }),
    ...(_rev !== undefined && { _rev }),
  };
};

/** One of the documents is changed; sometimes a sound one stays beside it, so that the two contradict each other. */
const mutateOne = (documents: readonly JsonObject[], draft: Draft): Json[] => {
  const { random, chance, mutate } = draft;
  const chosen = random.below(documents.length);
  return documents.flatMap((document, index): Json[] => {
    if (index !== chosen) return [document];
    const changed = mutate<Json>(
      document,
      random.pick([1, 1, 1, 2, 4]),
      chance(30) ? mutateIdentity : mutateFields,
    );
    if (!chance(25) || !isObject(changed)) return [changed];
    return [document, { ...changed, _rev: drawRevision(random) }];
  });
};

/** Documents of a mailbox that nobody has, of which one is changed, and sometimes a deletion. */
export const drawMail = (world: World, draft: Draft) => {
  const { random, chance } = draft;
  const mailbox = { accountId: drawUuid(random), deviceId: 1 + random.below(127) };
  const device = random.pick(world.devices);
  const envelopes = Array.from({ length: 3 }, () => {
    const id = drawMessageId(random);
    const drawn = valueOf(envelopeShape, random, knownTo(device, world, random)) as unknown as StoredEnvelope;
    return { ...drawn, ...mailbox, id };
  });
  const documents = envelopes.map((envelope): JsonObject => ({ ...envelopeDocument(envelope) }));
  const [first] = envelopes;
  const id = documentId(mailbox, first?.id ?? '');
  const tombstones: readonly Json[] = chance(15)
    ? [JSON.parse(JSON.stringify(tombstoneDocument(id))) as Json]
    : [];
  return {
    mailbox,
    ids: envelopes.map((envelope) => envelope.id),
    documents: [...mutateOne(documents, draft), ...tombstones],
  };
};

const mailboxDocuments = (
  world: World,
  draft: Draft,
): Pick<Documents, 'documents' | 'readers' | 'target'> => {
  const { random, chance } = draft;
  const { mailbox, ids, documents } = drawMail(world, draft);
  const own = { ...mailbox, audience: 'mailbox' } as const;
  const reader = (method: string, path: string, body: Json | null = null): Reader => ({
    to: random.pick(world.mailboxNodes),
    method,
    path,
    as: own,
    body,
  });
  const { accountId, deviceId } = mailbox;
  return {
    target: 'documents of a mailbox',
    documents,
    readers: [
      reader('GET', `/messages/${accountId}?device=${deviceId}&limit=${random.pick([1, 2, 500])}`),
      reader('GET', `/messages/${accountId}/ids?device=${deviceId}`),
      ...(chance(30) ? [reader('POST', '/messages/delete', { ids })] : []),
    ],
  };
};

const canaryDocuments = (world: World, draft: Draft): Pick<Documents, 'documents' | 'readers' | 'target'> => {
  const { random, mutate } = draft;
  const canary = random.pick(world.canaries);
  const document = {
    ...canary,
    _id: `${textOf(canary, '_id')}${random.below(1_000)}`,
    _rev: drawRevision(random),
  };
  return {
    target: 'documents beside the mail',
    documents: [mutate<Json>(document, 1 + random.below(3), mutateFields)],
    readers: world.mailboxNodes.map((to) => ({ to, method: 'GET', path: '/health', as: null, body: null })),
  };
};

/** The documents of an account under other names. */
const copied = (
  documents: readonly JsonObject[],
  of: Pick<Device, 'accountId' | 'username'>,
  { accountId, username }: Pick<Device, 'accountId' | 'username'>,
): JsonObject[] => {
  const text = JSON.stringify(documents)
    .replaceAll(of.accountId, accountId)
    .replaceAll(of.username, username);
  return JSON.parse(text) as JsonObject[];
};

const directoryDocuments = (
  world: World,
  draft: Draft,
): Pick<Documents, 'documents' | 'readers' | 'target'> => {
  const { random } = draft;
  const accountId = drawUuid(random);
  const username = drawUsername(random);
  const { device, documents } = random.pick(world.accounts);
  const account = copied(documents, device, { accountId, username });
  const asker = random.pick(world.devices);
  const to = random.pick(world.masters);
  const owner = { accountId, deviceId: 1, audience: 'master' } as const;
  const as = { accountId: asker.accountId, deviceId: asker.deviceId, audience: 'master' } as const;
  const reader = (path: string, who: Reader['as'], method = 'GET', body: Json | null = null): Reader => ({
    to,
    method,
    path,
    as: who,
    body,
  });
  return {
    target: 'documents of the directory',
    documents: mutateOne(account, draft),
    readers: [
      reader(`/api/keys/${accountId}`, as),
      reader(`/api/accounts/${username}`, as),
      reader('/api/devices', owner),
      reader('/api/keys', owner),
      reader('/api/tokens', null, 'POST', { accountId, deviceId: 1, deviceSecret: device.deviceSecret }),
    ],
  };
};

export const drawDocuments = (world: World, draft: Draft): Documents => {
  const { random, chance } = draft;
  const isOfMail = chance(50) || world.accounts.length === 0;
  const isOfCanary = isOfMail && world.canaries.length > 0 && chance(10);
  const drawn = (isOfCanary ? canaryDocuments : isOfMail ? mailboxDocuments : directoryDocuments)(
    world,
    draft,
  );
  const { bucket, directory } = world.databases;
  return {
    kind: 'documents',
    couchUrl: random.pick(world.couches),
    database: isOfMail ? bucket : directory,
    ...drawn,
  };
};
