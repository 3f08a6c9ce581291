import {
  createMessenger,
  MessengerError,
  type DataKey,
  type Messenger,
  type MessengerEvents,
  type OpenVault,
  type VaultSecret,
} from '@restante/client';
import {
  changeIndexedDbPassphrase,
  deleteIndexedDbParts,
  deleteIndexedDbVault,
  indexedDbPartStore,
  indexedDbVault,
} from '@restante/client/browser';
import type { Calls, LeaderStatus } from './calls.ts';
import type { EngineEvent } from './channel.ts';
import { NoStorageError } from './call-error.ts';
import { gather, given } from './file-content.ts';
import { ratchetOnDemand } from './ratchet-on-demand.ts';

const VAULT = 'restante';
const FILES = 'restante-files';

const FORWARDED = Object.keys({
  message: true,
  upload: true,
  download: true,
  'message-changed': true,
  'message-removed': true,
  conversation: true,
  'conversation-removed': true,
  preferences: true,
  profile: true,
  typing: true,
  presence: true,
  'device-list': true,
  listing: true,
  'waiting-devices': true,
  history: true,
  undecryptable: true,
  'held-up': true,
} satisfies Record<EngineEvent['type'], true>) as EngineEvent['type'][];

export type HostListeners = {
  readonly onStatus: (change: Partial<LeaderStatus>) => void;
  readonly onEvent: (event: EngineEvent) => void;
  readonly onFault: (error: unknown) => void;
  /** The owner takes the account off this device. */
  readonly onLeavingAccount: () => void;
  /** What opens the vault in place of its passphrase; null: nothing does any more. */
  readonly onKey: (dataKey: DataKey | null) => void;
};

type OwnCalls =
  | 'register'
  | 'login'
  | 'showJoinCode'
  | 'takeLinkCode'
  | 'join'
  | 'deleteAccount'
  | 'signOut'
  | 'reopen'
  | 'unlock'
  | 'lock'
  | 'changePassphrase'
  | 'abandonStorage'
  | 'refresh'
  | 'sendFiles'
  | 'readFile'
  | 'readPiece'
  | 'setTyping';

/** The messenger over this browser's vault, through sign-in, sign-out, and loss of the storage. */
export type MessengerHost = {
  readonly open: () => Promise<void>;
  /** The messenger that is signed in and running. */
  readonly running: () => Messenger | null;
  /** Calls that change what is opened, and calls that are no promises in the messenger. */
  readonly calls: Pick<Calls, OwnCalls>;
  /** The open messenger, once what is being changed is done. Throws NoStorageError. */
  readonly messenger: () => Promise<Messenger>;
};

const isLocked = (error: unknown): boolean =>
  error instanceof MessengerError && (error.code === 'vault-locked' || error.code === 'wrong-passphrase');

const failureOf = (error: unknown): string => {
  if (error instanceof MessengerError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
};

/** `known`: what opens a vault that has a passphrase, if it is open elsewhere. */
export const createMessengerHost = (
  known: DataKey | null,
  { onStatus, onEvent, onFault, onLeavingAccount, onKey }: HostListeners,
): MessengerHost => {
  const { ratchet, load: loadRatchet } = ratchetOnDemand(async () =>
    (await import('@restante/client/signal')).signalRatchet(),
  );
  let current: Messenger | null = null;
  let isRunning = false;
  let dataKey = known;
  let turn: Promise<unknown> = Promise.resolve();

  /** One change of what is open at a time. */
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const result = turn.then(change);
    turn = result.catch(() => undefined);
    return result;
  };
  const close = async (): Promise<void> => {
    const closing = current;
    current = null;
    isRunning = false;
    await closing?.[Symbol.asyncDispose]();
  };

  const listen = (opened: Messenger): void => {
    for (const type of FORWARDED) {
      opened.on(type, (detail: MessengerEvents[typeof type]) => onEvent({ type, detail } as EngineEvent));
    }
    opened.on('connection', (connection) => onStatus({ connection }));
    opened.on('catch-up', (catchUp) => onStatus({ catchUp }));
    opened.on('storage', (storage) => onStatus({ storage }));
    opened.on('fault', onFault);
  };
  const loadCode = (opened: Messenger): Promise<unknown> => Promise.all([loadRatchet(), opened.loadCode()]);
  const begin = async (opened: Messenger): Promise<void> => {
    const self = await opened.self();
    if (self !== null) {
      await loadCode(opened);
      await opened.start();
    }
    isRunning = self !== null;
    onStatus({ phase: self === null ? 'signed-out' : 'signed-in', self });
  };
  const keep = (key: DataKey | null): void => {
    dataKey = key;
    onKey(key);
  };
  const beLocked = (): void => onStatus({ phase: 'locked', hasPassphrase: true, self: null });
  /** Runs a messenger on the vault that is opened. Throws what opening it does; all else that fails becomes the status. */
  const run = async (openVault: (onLost: () => void) => Promise<OpenVault>): Promise<void> => {
    let opened: Messenger | null = null;
    const onLost = (): void => {
      if (opened !== current) return;
      onStatus({ phase: 'lost' });
      inTurn(close).catch(onFault);
    };
    const { vault, ...opening } = await openVault(onLost);
    try {
      opened = createMessenger({
        masters: [location.origin],
        ...{ vault, ratchet, parts: indexedDbPartStore(FILES) },
      });
      current = opened;
      keep(opening.hasPassphrase ? opening.dataKey : null);
      onStatus({ hasPassphrase: opening.hasPassphrase });
      listen(opened);
      await begin(opened);
    } catch (error) {
      await close().catch(onFault);
      onStatus({ phase: 'failed', failure: failureOf(error) });
    }
  };
  const runWith = (secret: VaultSecret): Promise<void> =>
    run((onLost) => indexedDbVault(VAULT, onLost, secret));
  const open = async (): Promise<void> => {
    onStatus({
      phase: 'starting',
      failure: null,
      connection: { name: 'offline' },
      catchUp: null,
      storage: 'working',
    });
    try {
      await runWith(dataKey && { dataKey });
    } catch (error) {
      if (isLocked(error)) beLocked();
      else onStatus({ phase: 'failed', failure: failureOf(error) });
    }
  };
  const wipe = async (): Promise<void> => {
    onStatus({ phase: 'starting', self: null });
    await close();
    keep(null);
    await Promise.all([deleteIndexedDbVault(VAULT), deleteIndexedDbParts(FILES)]).finally(open);
  };
  /** Leaves nothing of the account on this device. */
  const leaveAccount = (): Promise<void> => {
    onLeavingAccount();
    return wipe();
  };
  const opened = (): Messenger => {
    if (current === null) throw new NoStorageError();
    return current;
  };
  const messenger = async (): Promise<Messenger> => {
    await turn;
    return opened();
  };
  /** Signs in, unless this very person is: then the call has been sent again. */
  const signIn = (username: string, enter: (messenger: Messenger) => Promise<void>): Promise<void> =>
    inTurn(async () => {
      const messenger = opened();
      const self = await messenger.self();
      if (self?.username === username) return;
      await loadCode(messenger);
      await enter(messenger);
      await begin(messenger);
    });

  /** Draws the keys of a device that is not there yet. */
  const asNewDevice = <T>(enter: (messenger: Messenger) => Promise<T>): Promise<T> =>
    inTurn(async () => {
      const messenger = opened();
      await loadCode(messenger);
      return enter(messenger);
    });

  return {
    open: () => inTurn(open),
    running: () => (isRunning ? current : null),
    messenger,
    calls: {
      register: (credentials) => signIn(credentials.username, (messenger) => messenger.register(credentials)),
      login: (credentials) =>
        signIn(credentials.username, (messenger) => messenger.login({ ...credentials, history: true })),
      showJoinCode: (deviceName) => asNewDevice((messenger) => messenger.showJoinCode(deviceName)),
      takeLinkCode: (code, deviceName) =>
        asNewDevice((messenger) => messenger.takeLinkCode(code, deviceName)),
      join: async (link) => {
        const waiting = await messenger();
        if ((await waiting.self()) !== null) return;
        // Minutes may pass: all else goes on meanwhile.
        await waiting.invited(link);
        await inTurn(async () => {
          const messenger = opened();
          if ((await messenger.self()) !== null) return;
          await loadCode(messenger);
          await messenger.join(link, { history: true });
          await begin(messenger);
        });
      },
      deleteAccount: (password) =>
        inTurn(async () => {
          await opened().deleteAccount(password);
          await leaveAccount();
        }),
      signOut: () =>
        inTurn(async () => {
          await opened().signOut().catch(onFault);
          await leaveAccount();
        }),
      reopen: () => inTurn(async () => (current === null ? open() : undefined)),
      unlock: (passphrase) => inTurn(async () => (current === null ? runWith({ passphrase }) : undefined)),
      lock: () =>
        inTurn(async () => {
          if (dataKey === null) return;
          keep(null);
          await close().finally(beLocked);
        }),
      changePassphrase: (change) =>
        inTurn(async () => {
          opened();
          onStatus({ phase: 'starting' });
          await close();
          await run((onLost) => changeIndexedDbPassphrase(VAULT, onLost, change)).catch(
            async (error: unknown) => {
              await open();
              throw error;
            },
          );
        }),
      abandonStorage: () => inTurn(async () => (current === null ? wipe() : undefined)),
      sendFiles: async (to, files, options) => (await messenger()).sendFiles(to, files.map(given), options),
      readFile: async (conversation, target, index) => {
        const { whole } = await (await messenger()).openFile(conversation, target, index);
        return gather(whole());
      },
      readPiece: async (conversation, target, index, from) => {
        const { piece } = await (await messenger()).openFile(conversation, target, index);
        return new Blob([await piece(from)]);
      },
      refresh: () => Promise.resolve(current?.refresh()),
      setTyping: (...args) => Promise.resolve(current?.setTyping(...args)),
    },
  };
};
