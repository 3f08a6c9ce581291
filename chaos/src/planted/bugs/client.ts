import type { Bug } from '../bug.ts';

/** Mistakes of a messenger. */

const LINKS = 'refused,stalled,half-open,lossy';
const TALK = ['--only', 'text,burst'];

export const deleteBeforeCommit: Bug = {
  name: 'delete-before-commit',
  what: 'a client has the servers delete what it has not kept yet',
  patches: [
    {
      file: 'client/src/receiving/inbox.ts',
      find: 'transaction.afterCommit(() => {\n        deps.onKept([...returned, ...owed]);',
      put: 'deps.onKept([...returned, ...owed]);\n      transaction.afterCommit(() => {',
    },
  ],
  laws: ['arrives'],
  args: ['--faults', 'vault-fails,dies-at-commit', ...TALK],
};

export const shownBeforeKept: Bug = {
  name: 'shown-before-kept',
  what: 'a client shows a message before its vault has it',
  patches: [
    {
      file: 'client/src/conversations/messages.ts',
      find: "transaction.afterCommit(() => events.emit('message', message));",
      put: "events.emit('message', message);",
    },
  ],
  laws: ['once'],
  args: ['--faults', 'vault-fails,dies-at-commit', ...TALK],
};

export const dropAtReconnect: Bug = {
  name: 'drop-at-reconnect',
  what: 'what was under way when a connection broke is not sent again',
  patches: [
    {
      file: 'client/src/sending/outbox.ts',
      find: '      inFlight.clear();',
      put: `      for (const id of inFlight.keys()) background(settle(id, () => Promise.resolve()));
      inFlight.clear();`,
    },
  ],
  laws: ['arrives'],
  args: ['--faults', `killed,masters-dead,${LINKS}`, ...TALK],
};

export const dedupeRemoved: Bug = {
  name: 'dedupe-removed',
  what: 'nobody looks whether a message is there already: not the inbox, not the conversation, and not what is sent again',
  patches: [
    {
      file: 'client/src/receiving/inbox.ts',
      find: 'const fresh = unique.filter((_, index) => seen[index] === undefined);\n      const known',
      put: 'const fresh = unique;\n      const known = [];\n      const unused',
    },
    {
      file: 'client/src/conversations/messages.ts',
      find: 'if (existing !== undefined) return { key: existing, added: false };',
      put: '',
    },
  ],
  laws: ['once'],
  args: ['--faults', `killed,masters-dead,device-killed,${LINKS}`, ...TALK],
};

export const duplicateTakenForKnown: Bug = {
  name: 'duplicate-taken-for-known',
  what: 'what the ratchet calls a repetition is dropped, though the vault has never seen it',
  patches: [
    {
      file: 'client/src/receiving/inbox.ts',
      find: 'if (result?.ok === false && !blocked.has(envelope.senderId)) {',
      put: "if (result?.ok === false && result.reason !== 'duplicate' && !blocked.has(envelope.senderId)) {",
    },
  ],
  laws: ['arrives'],
  args: ['--faults', 'vault-put-back', ...TALK],
};

export const stateBackwards: Bug = {
  name: 'state-backwards',
  what: 'a state that comes late takes the place of a later one',
  patches: [
    {
      file: 'client/src/conversations/messages.ts',
      find: 'const isLate = !isLater(state, message.state);',
      put: 'const isLate = false;',
    },
  ],
  laws: ['states-go-forward'],
  args: ['--faults', `killed,masters-dead,${LINKS}`, '--only', 'text,burst,read,standing'],
};

export const ownCopiesLost: Bug = {
  name: 'own-copies-lost-at-sign-in',
  what: 'what is sent while an own device signs in has no copy for it',
  patches: [
    {
      file: 'client/src/sending/outbox.ts',
      find: '    if (others.length === 0) return;\n    for await',
      put: '    if (others.length >= 0) return;\n    for await',
    },
    {
      file: 'client/src/sending/newcomers.ts',
      find: "if (!content || told === 'no' || (told === 'from-then-on' && key < firstIdAt(since))) return;",
      put: 'if (content !== undefined) return;',
    },
  ],
  laws: ['arrives'],
  args: ['--faults', `masters-dead,${LINKS}`, '--only', 'text,burst,sign-out'],
};

export const repairGivesUp: Bug = {
  name: 'repair-gives-up',
  what: 'devices that have changed are not looked at any more once a message was refused five times',
  patches: [
    {
      file: 'client/src/sending/outbox.ts',
      find: 'const count = countUp(repaired, id);',
      put: `const count = countUp(repaired, id);
    if (count + (delays.get(id) ?? 0) > MAX_REPAIRS) return;`,
    },
  ],
  laws: ['heals', 'arrives'],
  args: ['--faults', 'nodes-dead', '--only', 'text,burst,sign-out,remove-device', '--steps', '200'],
};

export const failedOnNotFound: Bug = {
  name: 'failed-on-not-found',
  what: 'a message fails for good when a server does not know its reader',
  patches: [
    {
      file: 'client/src/sending/outbox.ts',
      find: "if (readiness === 'later') await failExpiredOrWait(id);",
      put: "if (readiness === 'later') await fail(id, 'not-found').then(() => unpark(id));",
    },
  ],
  laws: ['arrives'],
  args: ['--faults', 'not-there', '--people', '6', ...TALK],
};

export const falseComplete: Bug = {
  name: 'false-complete',
  what: 'a catch-up is complete, however few nodes have answered',
  patches: [
    {
      file: 'client/src/receiving/catch-up.ts',
      find: 'answered.size >= (withheld.size === 0 ? needed : count);',
      put: 'answered.size + needed + count + withheld.size > 0;',
    },
  ],
  laws: ['complete-is-true'],
  args: ['--faults', 'nodes-dead,couches-dead,device-killed', ...TALK],
};

export const broughtBackStays: Bug = {
  name: 'brought-back-stays',
  what: 'a message that is known and comes again is not deleted again',
  patches: [
    {
      file: 'client/src/receiving/inbox.ts',
      find: 'const returned = await takeKnown(transaction, known);',
      put: 'const returned: readonly PendingRow[] = [];',
    },
    {
      file: 'client/src/receiving/inbox.ts',
      find: 'returned: known.filter((_, index) => pending[index] === undefined),',
      put: 'returned: known.filter((_, index) => pending[index] !== undefined && index < 0),',
    },
  ],
  laws: ['heals', 'servers-empty-and-alike'],
  args: ['--faults', 'mail-brought-back,device-killed', ...TALK],
};

export const forgedIsShown: Bug = {
  name: 'forged-is-shown',
  what: 'what no session has encrypted is read as it is',
  patches: [
    {
      file: 'client/src/receiving/inbox.ts',
      find: `if (!result?.ok) return null;
    return { envelope, arrival, plaintext: result.plaintext, content: decodeContent(result.plaintext) };`,
      put: `const plaintext = result?.ok
      ? result.plaintext
      : Uint8Array.from(atob(envelope.payload), (character) => character.charCodeAt(0));
    return { envelope, arrival, plaintext, content: decodeContent(plaintext) };`,
    },
  ],
  laws: ['authentic'],
  args: ['--faults', 'mail-forged', ...TALK],
};

export const sentBeforeStored: Bug = {
  name: 'sent-before-stored',
  what: 'a message goes out when its files have been given to the nodes, before one of them has said that it has them',
  patches: [
    {
      file: 'client/src/blobs/upload-blob.ts',
      find: 'await put(part, data);',
      put: 'void put(part, data).catch(() => undefined);',
    },
  ],
  laws: ['files-are-whole'],
  args: ['--faults', 'none', '--only', 'text,file'],
};

export const editForOthersAlone: Bug = {
  name: 'edit-for-others-alone',
  what: 'the other devices of its author are not told of an edit',
  patches: [
    {
      file: 'client/src/conversations/conversing.ts',
      find: 'await composer.enqueue(transaction, id, { ...contents, ...options,',
      put: 'await composer.enqueue(transaction, id, { ...contents, ...(options.edit && { ownCopy: null }), ...options,',
    },
  ],
  laws: ['says-what-was-said-last', 'own-devices-agree'],
  args: ['--faults', 'none', '--only', 'text,edit'],
};

export const goneUnread: Bug = {
  name: 'gone-unread',
  what: 'the time of a message that disappears begins where it is read before anybody has read it',
  patches: [
    {
      file: 'client/src/content/written.ts',
      find: "...(timer && direction === 'out' && { expiresAt",
      put: '...(timer && { expiresAt',
    },
  ],
  laws: ['disappears-in-time'],
  args: ['--faults', 'none', '--only', 'text,burst,timer'],
};
