import { createMessenger, type Messenger } from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import type { ListedMessage, PersonCommand, PersonEvent, PersonRequest } from './person-protocol.ts';

/**
 * One person with a messenger, as a process: the demo tells what to do over IPC. Arguments: origin of the cluster and
 * file of the vault.
 */

const [origin = '', vaultFile = ''] = process.argv.slice(2);
const PAGE = 500;

const tell = (event: PersonEvent): void => {
  process.send?.(event);
};

const messenger: Messenger = createMessenger({
  masters: [origin],
  vault: sqliteVault(vaultFile),
  ratchet: libsignalRatchet(),
});

const ACCEPTED = new Set(['accepted', 'delivered', 'read']);
const accepted = new Set<string>();
messenger.on('connection', ({ name }) => tell({ type: 'connection', name }));
messenger.on('message', ({ direction, text }) => {
  if (direction === 'in') tell({ type: 'shown', text });
});
messenger.on('message-changed', ({ direction, id, state }) => {
  if (direction === 'in' || !ACCEPTED.has(state) || accepted.has(id)) return;
  accepted.add(id);
  tell({ type: 'accepted' });
});
messenger.on('fault', (error) => process.stderr.write(`fault: ${error.message}\n`));
messenger.on('undecryptable', ({ id }) => process.stderr.write(`undecryptable: ${id}\n`));

const connect = async (): Promise<void> => {
  const live = Promise.withResolvers<undefined>();
  const off = messenger.on('connection', ({ name }) => {
    if (name === 'live') live.resolve(undefined);
  });
  await messenger.start();
  await live.promise;
  off();
};

const list = async (username: string): Promise<ListedMessage[]> => {
  const conversation = (await messenger.conversations()).find((one) => one.username === username);
  if (conversation === undefined) return [];
  const listed: ListedMessage[] = [];
  let before: Awaited<ReturnType<Messenger['messages']>>[number] | undefined;
  do {
    const page = await messenger.messages(conversation.id, { limit: PAGE, ...(before && { before }) });
    listed.unshift(
      ...page.map(({ text, direction, state }) => ({ text, direction, isAccepted: ACCEPTED.has(state) })),
    );
    before = page.length === PAGE ? page[0] : undefined;
  } while (before !== undefined);
  return listed;
};

const perform = async (command: PersonCommand): Promise<ListedMessage[] | undefined> => {
  switch (command.type) {
    case 'register':
      await messenger.register({
        username: command.username,
        password: crypto.randomUUID(),
        deviceName: 'demo',
      });
      return undefined;
    case 'connect':
      await connect();
      return undefined;
    case 'send':
      for (const text of command.texts) await messenger.sendText(command.to, text);
      return undefined;
    case 'list':
      return list(command.username);
  }
};

process.on('message', ({ number, ...command }: PersonRequest) => {
  perform(command).then(
    (listed) => tell({ type: 'done', number, ...(listed && { listed }) }),
    (error: unknown) =>
      tell({ type: 'failed', number, message: error instanceof Error ? error.message : 'unknown' }),
  );
});

// The demo closes the channel when this person leaves, and its own end closes it too.
process.on('disconnect', () => {
  void messenger[Symbol.asyncDispose]().finally(() => process.exit(0));
});
