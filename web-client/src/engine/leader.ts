import { createMessenger, MessengerError, type Messenger, type MessengerEvents } from '@restante/client';
import { deleteIndexedDbVault, indexedDbVault } from '@restante/client/browser';
import { signalRatchet } from '@restante/client/signal';
import { INITIAL_STATUS, type Calls, type Status } from './calls.ts';
import { CHANNEL, type CallError, type EngineEvent, type FromLeader, type ToLeader } from './channel.ts';
import { createPresenceOfTabs } from './presence-of-tabs.ts';

const VAULT = 'restante';

const FORWARDED = [
  'message',
  'message-changed',
  'conversation',
  'typing',
  'presence',
  'identity-changed',
  'undecryptable',
] as const satisfies readonly EngineEvent['type'][];

const errorOf = (error: unknown): CallError =>
  error instanceof MessengerError
    ? {
        code: error.code,
        message: error.message,
        ...(error.body?.retryAfterMs !== undefined && { retryAfterMs: error.body.retryAfterMs }),
      }
    : { code: 'unexpected', message: error instanceof Error ? error.name : 'unknown' };

/** Opens the vault, connects, and serves all tabs until the storage is lost. */
export const lead = async (): Promise<void> => {
  const channel = new BroadcastChannel(CHANNEL);
  const post = (message: FromLeader): void => channel.postMessage(message);
  const over = Promise.withResolvers<undefined>();
  let status: Status = INITIAL_STATUS;
  const tell = (change: Partial<Status>): void => {
    status = { ...status, ...change };
    post({ kind: 'status', status });
  };

  const openMessenger = async (): Promise<Messenger> => {
    const onLost = (): void => {
      tell({ phase: 'lost' });
      over.resolve(undefined);
    };
    const opened = createMessenger({
      masters: [location.origin],
      vault: await indexedDbVault(VAULT, onLost),
      ratchet: signalRatchet(),
    });
    for (const type of FORWARDED) {
      opened.on(type, (detail: MessengerEvents[typeof type]) =>
        post({ kind: 'event', event: { type, detail } as EngineEvent }),
      );
    }
    opened.on('connection', (connection) => tell({ connection }));
    opened.on('catch-up', (catchUp) => tell({ catchUp }));
    const self = await opened.self();
    tell({ phase: self === null ? 'signed-out' : 'signed-in', self, catchUp: null });
    if (self !== null) await opened.start();
    return opened;
  };

  let messenger = openMessenger();
  const presence = createPresenceOfTabs(messenger);

  /** Leaves nothing of the account on this device. */
  const wipe = async (): Promise<void> => {
    await (await messenger)[Symbol.asyncDispose]();
    await deleteIndexedDbVault(VAULT);
    messenger = openMessenger();
    await messenger;
  };
  const begin = async (): Promise<void> => {
    const opened = await messenger;
    tell({ phase: 'signed-in', self: await opened.self() });
    await opened.start();
  };

  const own = {
    register: async (...args) => {
      await (await messenger).register(...args);
      await begin();
    },
    login: async (...args) => {
      await (await messenger).login(...args);
      await begin();
    },
    deleteAccount: async (...args) => {
      await (await messenger).deleteAccount(...args);
      await wipe();
    },
    refresh: async () => (await messenger).refresh(),
    setTyping: async (...args) => (await messenger).setTyping(...args),
  } satisfies Partial<Calls>;

  const carryOut = async ({ method, args }: Extract<ToLeader, { kind: 'call' }>): Promise<unknown> => {
    const calls = { ...(await messenger), ...own } as unknown as Record<
      string,
      (...args: readonly unknown[]) => Promise<unknown>
    >;
    return calls[method]?.(...args);
  };

  const serve = async (request: Extract<ToLeader, { kind: 'call' }>): Promise<void> => {
    const { tab, call } = request;
    try {
      post({ kind: 'value', tab, call, value: await carryOut(request) });
    } catch (error) {
      post({ kind: 'error', tab, call, error: errorOf(error) });
    }
  };

  channel.addEventListener('message', ({ data }: MessageEvent<ToLeader | FromLeader>) => {
    if (data.kind === 'hello') post({ kind: 'status', status });
    else if (data.kind === 'call') void serve(data);
    else if (data.kind === 'tab') presence.note(data.tab, data.state);
  });
  post({ kind: 'leading' });
  await messenger.catch(() => tell({ phase: 'failed' }));
  await over.promise;
};
