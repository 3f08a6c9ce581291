import { deviceId } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { earlier, v } from '../parts.ts';

/** The device that has said, in what a person wrote, which profile there is shall tell it: it has not come. */
const schema = z.object({ v, kind: z.literal('profile-request'), deviceId, earlier });

export const profileRequest: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: () => [],
  apply: async ({ place, tellProfile }, { deviceId: asked }) => {
    await tellProfile(place.author, asked);
    return false;
  },
};
