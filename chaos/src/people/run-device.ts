import {
  conversationWith,
  createMessenger,
  MessengerError,
  readRow,
  type Messenger,
  type PartStore,
  type Ratchet,
  type TableName,
  type Tables,
  type Vault,
} from '@restante/client';
import { codeOf } from '../history/error-code.ts';
import type { Happening, Telling } from '../history/line.ts';
import { OPERATIONS } from '../operations/index.ts';
import { seen, visibleState } from '../operations/messages.ts';
import type { Acting } from '../operations/operation.ts';
import { countedSteps } from './counted-steps.ts';
import { fragileVault } from './fragile-vault.ts';
import type { Answers, DeviceStart, Request } from './requests.ts';

/** What a process lends to the device in it: in Node or in a browser. */
export type DeviceHost = {
  readonly start: DeviceStart;
  readonly vault: Vault;
  readonly parts: PartStore;
  readonly ratchet: Ratchet;
  /** Writes down a line; resolves when it is there, however this process ends. */
  readonly write: (happening: Happening) => Promise<void>;
  /** Ends this process as SIGKILL does. */
  readonly die: () => void;
};

/** A messenger that writes down what it does and what it is told. */
export type RunningDevice = {
  /** Signs in when the vault has no device yet, and connects. Null: it could not. */
  readonly begin: () => Promise<{ readonly accountId: string; readonly deviceId: number } | null>;
  readonly answer: (request: Request) => Promise<unknown>;
};

const MAX_ATTEMPTS = 40;
const RETRY_MS = 500;
/** A device that has taken a code waits so long to be let in. */
const LINK_MS = 20_000;
const HISTORY = 10_000;
/** Longer than signed keys are used. */
const KEYS_AGE_MS = 10 * 24 * 60 * 60 * 1_000;
/** A key pair ends with its private half, whoever has written it. */
const PRIVATE_KEY_BYTES = 32;

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

export const runDevice = (host: DeviceHost): RunningDevice => {
  const { start, write } = host;
  const { device, password } = start;
  const fragile = fragileVault(host.vault);
  const steps = countedSteps(host.die);
  steps.dieAt(start.dieAt ?? null);
  let { clockShiftMs } = start;
  const messenger: Messenger = createMessenger({
    masters: start.masters,
    vault: steps.vault(fragile.vault),
    parts: host.parts,
    fetch: steps.fetch,
    WebSocket: steps.WebSocket,
    now: () => Date.now() + clockShiftMs,
    ratchet: host.ratchet,
    ...start.pace,
  });

  let self = { accountId: '', deviceId: 0 };
  /** Who it is has been read, or never will be. */
  const known = Promise.withResolvers<undefined>();
  const tell = (telling: Telling): void => void write({ type: 'told', device, ...telling });
  messenger.on('message', (message) => tell({ event: 'message', message: seen({ self }, message) }));
  messenger.on('message-changed', (message) =>
    tell({ event: 'message-changed', message: seen({ self }, message) }),
  );
  messenger.on('message-removed', ({ author, id }) =>
    tell({ event: 'message-removed', message: { author, id } }),
  );
  messenger.on('connection', ({ name }) => tell({ event: 'connection', state: name }));
  messenger.on('catch-up', ({ running, complete }) => tell({ event: 'catch-up', running, complete }));
  messenger.on('storage', (state) => tell({ event: 'storage', state }));
  messenger.on('undecryptable', ({ id, senderId }) =>
    tell({ event: 'undecryptable', message: { author: senderId, id } }),
  );
  messenger.on('fault', (fault) => tell({ event: 'fault', code: codeOf(fault) }));

  /** The person knows their own devices: who waits is let in on each that is there. */
  messenger.on('waiting-devices', (waiting) => {
    for (const each of waiting) void messenger.letDeviceIn(each).catch(() => undefined);
  });

  type Ended = Answers['perform'][number];
  let operations = 0;
  /** Writes down an operation of this name. */
  const acting =
    (name: string, ended: Ended[]): Acting['act'] =>
    async (args, what) => {
      operations += 1;
      const operation = start.firstOperation + operations;
      await write({ type: 'invoked', device, operation, name, args });
      try {
        const message = await what();
        await write({ type: 'returned', device, operation, ...(message && { message }) });
        ended.push({ isDone: true, ...(args.device !== undefined && { device: args.device }) });
      } catch (error) {
        await write({ type: 'threw', device, operation, code: codeOf(error) });
        ended.push({ isDone: false });
      }
    };

  const onlyRow = async <T extends TableName>(table: T): Promise<Tables[T] | undefined> =>
    readRow(table, await host.vault.get(table, 'only'));

  /** Before the messenger has read them. */
  const ageKeys = acting('rotate-keys', []).bind(null, {}, async () => {
    const ring = await onlyRow('keyRing');
    if (ring === undefined) return null;
    const value = { ...ring, signedAt: ring.signedAt - KEYS_AGE_MS };
    await host.vault.commit([{ table: 'keyRing', key: 'only', value }]);
    return null;
  });

  const countOf = async (table: 'outbox' | 'uploads' | 'setAside'): Promise<number> =>
    (await host.vault.list(table, { limit: HISTORY })).length;
  /** What waits for its files is still to go out, too. */
  const countToGoOut = async (): Promise<number> => (await countOf('outbox')) + (await countOf('uploads'));

  /** Nobody asks those who are blocked. */
  const countUnasked = async (): Promise<number> => {
    const rows = await host.vault.list('setAside', { limit: HISTORY });
    const unasked = rows
      .flatMap(({ value }) => readRow('setAside', value) ?? [])
      .filter((row) => !row.requested);
    const senders = unasked.map(({ senderId }) => senderId);
    const [conversations, standings] = await Promise.all([
      host.vault.getMany('conversations', senders.map(conversationWith)),
      host.vault.getMany('standings', senders),
    ]);
    const isBlocked = (_: unknown, index: number): boolean =>
      (readRow('conversations', conversations[index])?.standing ?? standings[index]) === 'blocked';
    return senders.length - senders.filter(isBlocked).length;
  };

  const answers: { [N in Request['name']]: (request: Extract<Request, { name: N }>) => Promise<Answers[N]> } =
    {
      perform: async ({ asked: { operation: name, wish } }) => {
        await known.promise;
        const operation = OPERATIONS.find((one) => one.name === name);
        if (operation === undefined) throw new RangeError(`no operation is called ${name}`);
        const ended: Ended[] = [];
        const act = acting(operation.writtenAs ?? name, ended);
        try {
          await operation.perform({ messenger, self, password, act }, wish);
        } catch (error) {
          // What there is to do it to could not be read.
          if (!(error instanceof MessengerError)) throw error;
        }
        return ended;
      },
      state: async () => {
        await known.promise;
        return {
          self,
          conversations: await visibleState(messenger, self),
          outbox: await countToGoOut(),
          setAside: await countOf('setAside'),
        };
      },
      rest: async () => ({
        isLive: messenger.connection().name === 'live',
        outbox: await countToGoOut(),
        unasked: await countUnasked(),
      }),
      linkCode: async () => {
        try {
          const { link, code } = await messenger.showLinkCode();
          void messenger
            .applicant(link)
            .then(() => messenger.linkDevice(link))
            .catch(() => undefined);
          return code;
        } catch (error) {
          if (!(error instanceof MessengerError)) throw error;
          return null;
        }
      },
      secrets: async () => {
        const [tokens, own, identity, account] = await Promise.all([
          onlyRow('tokens'),
          onlyRow('self'),
          onlyRow('identity'),
          onlyRow('accountKey'),
        ]);
        return {
          texts: [password, tokens?.masterToken, tokens?.mailboxToken, own?.deviceSecret].filter(
            (text) => text !== undefined,
          ),
          keys: [identity?.keyPair.slice(-PRIVATE_KEY_BYTES), account?.privateKey].flatMap((key) =>
            key ? [toBase64(key)] : [],
          ),
        };
      },
      setClock: ({ asked }) => {
        clockShiftMs = asked;
        return Promise.resolve(null);
      },
      suffer: ({ asked }) => {
        fragile.suffer(asked);
        return Promise.resolve(null);
      },
      dieAt: ({ asked }) => {
        steps.dieAt(asked);
        return Promise.resolve(null);
      },
    };

  /** Servers may be away, or the other device: then it signs in. */
  const joins = async (code: string, deviceName: string): Promise<boolean> => {
    const patience = setTimeout(() => void messenger.endLinking().catch(() => undefined), LINK_MS);
    try {
      const { link } = await messenger.takeLinkCode(code, deviceName);
      await messenger.join(link);
      return true;
    } catch (error) {
      if (!(error instanceof MessengerError)) throw error;
      return false;
    } finally {
      clearTimeout(patience);
    }
  };

  /** Servers may be away, and an answer may be lost: then a name is taken that is this person's own. */
  const enroll = async ({
    how,
    username,
    deviceName,
    linkCode,
  }: NonNullable<DeviceStart['enroll']>): Promise<void> => {
    if (linkCode !== undefined && (await joins(linkCode, deviceName))) return;
    let way = how;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      try {
        await messenger[way]({ username, password, deviceName });
        return;
      } catch (error) {
        if (codeOf(error) === 'username-taken') way = 'login';
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };

  /** A device that has signed in is one of its person's when it has been let in. */
  const isLetIn = async (): Promise<boolean> => {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if ((await messenger.listing()) === 'listed') return true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return false;
  };

  const readSelf = async (): Promise<typeof self | null> => {
    if (start.enroll !== null && (await messenger.self()) === null) await enroll(start.enroll);
    const own = await messenger.self();
    return own && { accountId: own.accountId, deviceId: own.deviceId };
  };

  return {
    begin: async () => {
      try {
        const own = await readSelf();
        if (own === null) return null;
        self = own;
      } finally {
        known.resolve(undefined);
      }
      if (start.areKeysOld === true) await ageKeys();
      if (start.enroll !== null) {
        await messenger.start();
        if (!(await isLetIn())) return null;
        await write({ type: 'enrolled', device, ...self });
      }
      await write({ type: 'started', device });
      await messenger.start();
      return self;
    },
    answer: (request) => (answers[request.name] as (request: Request) => Promise<unknown>)(request),
  };
};
