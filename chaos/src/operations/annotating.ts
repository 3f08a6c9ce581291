import { named, type Message } from '@restante/client';
import type { OperationArguments, Reference } from '../history/line.ts';
import { referenceOf } from './messages.ts';
import { choose, chooseText, type Acting, type Operation, type Wish } from './operation.ts';

/** What is done to messages that are there. */

/** Does something to a text of either direction, or of one. */
const toText =
  (
    what: (acting: Acting, message: Message, reference: Reference, wish: Wish) => Promise<unknown>,
    direction?: Message['direction'],
    said: (wish: Wish) => OperationArguments = () => ({}),
  ): Operation['perform'] =>
  async (acting, wish) => {
    const message = await chooseText(acting, wish, direction);
    if (message === null) return;
    const reference = referenceOf(acting, message);
    const args = { to: named(message.conversation).accountId, message: reference, ...said(wish) };
    await acting.act(args, async () => {
      await what(acting, message, reference, wish);
      return null;
    });
  };

const EMOJIS = ['👍', '❤️', '😂', '🎉', null] as const;

export const react: Operation = {
  name: 'react',
  weight: 8,
  contents: ['reaction', 'sync'],
  perform: toText(({ messenger }, { conversation }, reference, { numbers }) =>
    messenger.react(conversation, reference, choose(EMOJIS, numbers[2]) ?? null),
  ),
};

export const edit: Operation = {
  name: 'edit',
  weight: 8,
  contents: ['edit', 'sent'],
  perform: toText(
    ({ messenger }, { conversation, id }, _, { text }) => messenger.editText(conversation, id, text),
    'out',
    ({ text }) => ({ text }),
  ),
};

export const takeBack: Operation = {
  name: 'take-back',
  weight: 4,
  contents: ['deletion', 'sent'],
  perform: toText(
    ({ messenger }, { conversation, id }) => messenger.deleteForEveryone(conversation, id),
    'out',
  ),
};

export const hide: Operation = {
  name: 'hide',
  weight: 3,
  contents: ['sync'],
  perform: toText(({ messenger }, { conversation }, reference) =>
    messenger.deleteForMe(conversation, [reference]),
  ),
};

export const read: Operation = {
  name: 'read',
  weight: 10,
  contents: ['receipt', 'sync'],
  perform: toText(({ messenger }, message) => messenger.markReadUpTo(message), 'in'),
};
