import type { Bug } from '../bug.ts';

/** Mistakes of masters, mailbox nodes and the embedded CouchDB. */

const TALK = ['--only', 'text,burst'];

export const acceptBeforeStore: Bug = {
  name: 'accept-before-store',
  what: 'a master accepts a message before any node has it',
  patches: [
    {
      file: 'master-node/src/live/send.ts',
      find: 'const copies = await deps.store(envelopes, requestId);',
      put: `void deps.store(envelopes, requestId).catch(() => undefined);
        const copies = 3;`,
    },
  ],
  laws: ['arrives', 'complete-is-true'],
  args: ['--faults', 'nodes-dead,couches-dead,device-killed,killed', ...TALK],
};

export const noFsync: Bug = {
  name: 'no-fsync',
  what: 'a CouchDB answers before its disk has what was written, and a kill takes it',
  patches: [
    {
      file: 'couchdb/embedded/storage/level-store.ts',
      find: "import path from 'node:path';",
      put: `import path from 'node:path';
import { lossyLevel } from '${new URL('../lossy-level.ts', import.meta.url).href}';`,
    },
    {
      file: 'couchdb/embedded/storage/level-store.ts',
      find: 'this.#level = new ClassicLevel<string, string | Buffer>(location);',
      put: 'this.#level = lossyLevel(new ClassicLevel<string, string | Buffer>(location), location);',
    },
  ],
  laws: ['arrives', 'servers-empty-and-alike', 'complete-is-true'],
  args: ['--faults', 'couches-dead,everything-dead,device-killed', ...TALK],
};

export const lateRetryRecreates: Bug = {
  name: 'late-retry-recreates',
  what: 'a message that is stored again after its reader has deleted it is there again',
  patches: [
    {
      file: 'mailbox-node/src/couch/bulk-writer.ts',
      find: 'const toItem = (document: Written): Item => ({',
      put: `const ended = new Map<string, readonly string[]>();
let recreated = 0;
const asWritten = (document) => {
  if ('_deleted' in document) ended.set(document._id, document._revisions.ids);
  const before = '_deleted' in document ? undefined : ended.get(document._id);
  if (before === undefined) return document;
  const hash = (recreated += 1).toString(16).padStart(32, '0');
  return { ...document, _rev: \`3-\${hash}\`, _revisions: { start: 3, ids: [hash, ...before] } };
};
const toItem = (given: Written): Item => itemOf(asWritten(given));
const itemOf = (document: Written): Item => ({`,
    },
    {
      file: 'mailbox-node/src/couch/envelope-row.ts',
      find: "return rev === envelopeRevision(id) ? null : 'foreign-revision';",
      put: 'return null;',
    },
  ],
  laws: ['servers-empty-and-alike', 'heals'],
  args: ['--faults', 'masters-dead,killed,refused,stalled,half-open,lossy', ...TALK],
};

export const halfUploadsStay: Bug = {
  name: 'half-uploads-stay',
  what: 'what was uploaded in part is never taken away',
  patches: [
    {
      file: 'mailbox-node/src/service.ts',
      find: 'surely: () => surelyAfter(WRITTEN_WITHIN_MS),',
      put: 'surely: () => -Infinity,',
    },
  ],
  laws: ['whole-or-gone'],
  args: ['--faults', 'none', '--without', 'signs-in,restarts,rotates-keys', ...TALK],
};

export const awayHasNothing: Bug = {
  name: 'away-has-nothing',
  what: 'a node that is away counts as one that has none of an upload',
  patches: [
    {
      file: 'mailbox-node/src/couch/mesh-keeper.ts',
      find: 'if (isWithoutDatabase(error)) return [];',
      put: 'return [];',
    },
  ],
  laws: ['whole-or-gone'],
  args: [
    ...['--faults', 'file-at-one-node'],
    ...['--without', 'signs-in,restarts,rotates-keys,abandons-upload', ...TALK],
  ],
};

export const emptyDiskAnswers: Bug = {
  name: 'empty-disk-answers',
  what: 'a node whose disk was lost says that nothing waits there',
  patches: [
    {
      file: 'mailbox-node/src/service.ts',
      find: 'const isComplete = (): boolean => !clock.isBehind() && completeness.holds(databases.readableAt(now()));',
      put: 'const isComplete = (): boolean => true;',
    },
  ],
  laws: ['complete-is-true'],
  args: ['--faults', 'lost-mail-while-away', '--steps', '140', ...TALK],
};

export const bucketsDropped: Bug = {
  name: 'buckets-dropped-by-a-clock',
  what: 'a node whose clock is months ahead drops the mail of today',
  patches: [
    {
      file: 'mailbox-node/src/service.ts',
      find: '[clock.confirmed() ?? now(), Math.max(clock.latest(), now())].flatMap((at) => liveAt(at));',
      put: 'liveAt(machine());',
    },
    {
      file: 'mailbox-node/src/service.ts',
      find: 'if (!isExpired(database, clock.surely())) continue;',
      put: 'if (!isExpired(database, machine())) continue;',
    },
  ],
  laws: ['arrives'],
  args: ['--faults', 'node-clocks-ahead,device-killed', ...TALK],
};

export const unfitTaken: Bug = {
  name: 'unfit-document-taken',
  what: 'of contradicting documents of the directory one is taken that is none',
  patches: [
    {
      file: 'master-node/src/directory/couch-directory-reader.ts',
      find: "if (!isDirectoryDocument(id, document)) return 'bad-fields';",
      put: 'if (rev !== id) return null;',
    },
  ],
  laws: ['arrives', 'heals'],
  args: ['--faults', 'unfit-in-directory', ...TALK],
};

export const passwordInLog: Bug = {
  name: 'plaintext-in-a-log',
  what: 'a service logs what it was asked, with the password in it',
  patches: [
    {
      file: 'service-kit/src/http-app.ts',
      find: "log.debug({ event: 'request', ...answer,",
      put: "log.debug({ event: 'request', said: JSON.stringify(request.body ?? null), ...answer,",
    },
  ],
  laws: ['no-plaintext'],
  args: ['--faults', 'none', ...TALK],
};

export const meshCarriesDeletions: Bug = {
  name: 'mesh-carries-deletions',
  what: 'a node takes deletions from another one',
  patches: [
    {
      file: 'mailbox-node/src/couch/carried-changes.ts',
      find: 'return deleted !== true && kind !== null',
      put: 'return kind !== null',
    },
    {
      file: 'mailbox-node/src/mesh/mesh-rule.ts',
      find: "if (_deleted !== undefined && _deleted !== false) return 'deletion';",
      put: 'if (_deleted === true) return null;',
    },
  ],
  laws: ['arrives', 'complete-is-true'],
  args: ['--faults', 'mail-withheld,device-killed', ...TALK],
};

export const acknowledgedByAnybody: Bug = {
  name: 'acknowledged-by-anybody',
  what: 'a master deletes what is acknowledged in whichever mailbox is named with it',
  patches: [
    {
      file: 'master-node/src/live/acknowledge.ts',
      find: 'const copies = await deleteOnBehalf(device, ids, requestId);',
      put: `for (const { id, senderId, senderDeviceId } of frame.messages)
      await deleteOnBehalf({ accountId: senderId, deviceId: senderDeviceId }, [id], requestId);
    const copies = await deleteOnBehalf(device, ids, requestId);`,
    },
  ],
  laws: ['arrives', 'complete-is-true'],
  args: ['--faults', 'stranger-abuses,device-killed', ...TALK],
};

export const signaturesNotChecked: Bug = {
  name: 'signatures-not-checked',
  what: 'masters go by documents of the directory that none of them has signed',
  patches: [
    {
      file: 'master-node/src/directory/directory-signatures.ts',
      find: 'if (!found || !key) return false;',
      put: "if (id !== '') return true;",
    },
  ],
  laws: ['for-its-devices-alone', 'arrives', 'heals'],
  args: ['--faults', 'directory-edited', ...TALK],
};
