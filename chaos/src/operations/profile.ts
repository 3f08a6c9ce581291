import { MAX_PROFILE_NAME_LENGTH } from '@restante/client';
import type { Operation } from './operation.ts';

/** Chooses another name and picture for who is let in. */
export const profile: Operation = {
  name: 'profile',
  weight: 2,
  contents: ['profile', 'sync'],
  perform: async ({ messenger, act }, { text, numbers: [size = 1] }) => {
    const picture = new Uint8Array(1 + (size % 20_000)).fill(7);
    await act({}, async () => {
      await messenger.setProfile({ name: text.slice(0, MAX_PROFILE_NAME_LENGTH), picture });
      return null;
    });
  },
};
