import { createMessenger, type Messenger, type MessengerEvents } from '@restante/client';
import { deleteIndexedDbVault, indexedDbVault } from '@restante/client/browser';
import type { Calls, LeaderStatus } from './calls.ts';
import type { EngineEvent } from './channel.ts';
import { NoStorageError } from './call-error.ts';
import { ratchetOnDemand } from './ratchet-on-demand.ts';

const VAULT = 'restante';

const FORWARDED = Object.keys({
  message: true,
  'message-changed': true,
  'message-removed': true,
  conversation: true,
  'conversation-removed': true,
  preferences: true,
  typing: true,
  presence: true,
  'identity-changed': true,
  'new-devices': true,
  undecryptable: true,
} satisfies Record<EngineEvent['type'], true>) as EngineEvent['type'][];

export type HostListeners = {
  readonly onStatus: (change: Partial<LeaderStatus>) => void;
  readonly onEvent: (event: EngineEvent) => void;
  readonly onFault: (error: unknown) => void;
  /** The owner takes the account off this device. */
  readonly onLeavingAccount: () => void;
};

/** The messenger over this browser's vault, through sign-in, sign-out, and loss of the storage. */
export type MessengerHost = {
  readonly open: () => Promise<void>;
  /** The messenger that is signed in and running. */
  readonly running: () => Messenger | null;
  /** Calls that change what is opened, and calls that are no promises in the messenger. */
  readonly calls: Partial<Calls>;
  /** The open messenger, once what is being changed is done. Throws NoStorageError. */
  readonly messenger: () => Promise<Messenger>;
};

export const createMessengerHost = ({
  onStatus,
  onEvent,
  onFault,
  onLeavingAccount,
}: HostListeners): MessengerHost => {
  const { ratchet, load: loadRatchet } = ratchetOnDemand(async () =>
    (await import('@restante/client/signal')).signalRatchet(),
  );
  let current: Messenger | null = null;
  let isRunning = false;
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
  const begin = async (opened: Messenger): Promise<void> => {
    const self = await opened.self();
    if (self !== null) {
      await loadRatchet();
      await opened.start();
    }
    isRunning = self !== null;
    onStatus({ phase: self === null ? 'signed-out' : 'signed-in', self });
  };
  const open = async (): Promise<void> => {
    let opened: Messenger | null = null;
    const onLost = (): void => {
      if (opened !== current) return;
      onStatus({ phase: 'lost' });
      inTurn(close).catch(onFault);
    };
    onStatus({
      phase: 'starting',
      failure: null,
      connection: { name: 'offline' },
      catchUp: null,
      storage: 'working',
    });
    try {
      const { vault } = await indexedDbVault(VAULT, onLost);
      opened = createMessenger({ masters: [location.origin], vault, ratchet });
      current = opened;
      listen(opened);
      await begin(opened);
    } catch (error) {
      await close().catch(onFault);
      onStatus({ phase: 'failed', failure: error instanceof Error ? error.name : 'unknown' });
    }
  };
  /** Leaves nothing of the account on this device. */
  const wipe = async (): Promise<void> => {
    onLeavingAccount();
    onStatus({ phase: 'starting', self: null });
    await close();
    await deleteIndexedDbVault(VAULT).finally(open);
  };
  const opened = (): Messenger => {
    if (current === null) throw new NoStorageError();
    return current;
  };
  /** Signs in, unless this very person is: then the call has been sent again. */
  const signIn = (username: string, enter: (messenger: Messenger) => Promise<void>): Promise<void> =>
    inTurn(async () => {
      const messenger = opened();
      const self = await messenger.self();
      if (self?.username === username) return;
      await loadRatchet();
      await enter(messenger);
      await begin(messenger);
    });

  return {
    open: () => inTurn(open),
    running: () => (isRunning ? current : null),
    messenger: async () => {
      await turn;
      return opened();
    },
    calls: {
      register: (credentials) => signIn(credentials.username, (messenger) => messenger.register(credentials)),
      login: (credentials) => signIn(credentials.username, (messenger) => messenger.login(credentials)),
      deleteAccount: (password) =>
        inTurn(async () => {
          await opened().deleteAccount(password);
          await wipe();
        }),
      signOut: () =>
        inTurn(async () => {
          await opened().signOut().catch(onFault);
          await wipe();
        }),
      reopen: () => inTurn(async () => (current === null ? open() : undefined)),
      refresh: () => Promise.resolve(current?.refresh()),
      setTyping: (...args) => Promise.resolve(current?.setTyping(...args)),
    },
  };
};
