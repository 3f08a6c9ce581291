import { conversationWith } from '@restante/client';
import { choose, type Operation } from './operation.ts';

/** Lets somebody in, or blocks them; seldom the latter. */
export const standing: Operation = {
  name: 'standing',
  weight: 5,
  contents: ['sync', 'receipt'],
  perform: async ({ messenger, act }, { to, numbers: [who = 0, what = 0] }) => {
    const account = choose(to, who);
    if (account === undefined) return;
    const wanted = what % 5 === 0 ? 'blocked' : 'accepted';
    await act({ to: account, standing: wanted }, async () => {
      await messenger.setStanding(account, wanted);
      return null;
    });
  },
};

/** Deletes a conversation from this device. */
export const forget: Operation = {
  name: 'forget',
  weight: 1,
  contents: [],
  perform: async ({ messenger, act }, { to, numbers }) => {
    const account = choose(to, numbers[0]);
    if (account === undefined) return;
    await act({ to: account }, async () => {
      await messenger.deleteConversation(conversationWith(account));
      return null;
    });
  },
};

export const draft: Operation = {
  name: 'draft',
  weight: 2,
  contents: [],
  perform: async ({ messenger, act }, { to, text, numbers }) => {
    const account = choose(to, numbers[0]);
    if (account === undefined) return;
    await act({ to: account }, async () => {
      await messenger.setDraft(conversationWith(account), text);
      return null;
    });
  },
};
