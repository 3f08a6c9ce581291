import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { earlier, v } from '../parts.ts';
import { profileFields } from '../chosen-profile.ts';

/** What its author is called, and looks like, for who is let in. */
const schema = z.object({ v, kind: z.literal('profile'), ...profileFields, earlier });

export const profile: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: () => [],
  apply: async ({ place, takeProfile }, { id, name, picture }) => {
    await takeProfile(place.author, { id, name, picture });
    return false;
  },
};
