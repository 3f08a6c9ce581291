import { conversationWith } from '@restante/client';
import { choose, type Operation } from './operation.ts';

/** So short that they run out in a run, and so long that clocks which agree do not matter; an hour never does. */
const SECONDS = [null, 3, 8, 3_600] as const;

/** Chooses after what messages of a conversation disappear. */
export const timer: Operation = {
  name: 'timer',
  weight: 5,
  contents: ['timer', 'receipt', 'sent'],
  perform: async ({ messenger, act }, { to, numbers: [who = 0, what = 0] }) => {
    const account = choose(to, who);
    if (account === undefined) return;
    const seconds = choose(SECONDS, what) ?? null;
    await act({ to: account, timer: seconds }, async () => {
      await messenger.setMessageTimer(conversationWith(account), seconds);
      return null;
    });
  },
};
