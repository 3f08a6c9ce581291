import { randomBytes } from 'node:crypto';
import { createMessenger, memoryVault, type Messenger, type Vault } from '@restante/client';
import { libsignalRatchet } from '@restante/client/node';
import { waitFor } from '@restante/testkit';

export const openMessenger = (masterUrl: string, vault: Vault): Messenger =>
  createMessenger({ masters: [masterUrl], vault, ratchet: libsignalRatchet() });

export const untilLive = (messenger: Messenger): Promise<unknown> =>
  waitFor('connection', () => messenger.connection().name === 'live');

/** A new account on this vault, connected. */
export const openPerson = async (
  masterUrl: string,
  vault: Vault = memoryVault(),
): Promise<{ messenger: Messenger; username: string }> => {
  const messenger = openMessenger(masterUrl, vault);
  const username = `bench${randomBytes(8).toString('hex')}`;
  await messenger.register({ username, password: randomBytes(16).toString('hex'), deviceName: 'bench' });
  await messenger.start();
  await untilLive(messenger);
  return { messenger, username };
};

/** Sends a text and waits until it is shown at the other end, so that both have a session that is answered. */
export const exchange = async (from: Messenger, to: Messenger, username: string): Promise<void> => {
  const shown = Promise.withResolvers<undefined>();
  const stop = to.on('message', ({ direction }) => {
    if (direction === 'in') shown.resolve(undefined);
  });
  await from.sendText(username, 'hello');
  await shown.promise;
  stop();
};

/** Sends texts and waits until all of them are accepted; some may have been delivered before that. */
export const sendTexts = async (
  from: Messenger,
  username: string,
  count: number,
  name = 'text',
): Promise<void> => {
  const accepted = new Set<string>();
  const all = Promise.withResolvers<undefined>();
  const stop = from.on('message-changed', ({ id, state, copies }) => {
    if (state === 'failed') all.reject(new Error('a message was refused'));
    if (copies !== undefined && accepted.add(id).size === count) all.resolve(undefined);
  });
  for (let text = 0; text < count; text += 1) await from.sendText(username, `${name} ${text} of ${count}`);
  await all.promise;
  stop();
};
