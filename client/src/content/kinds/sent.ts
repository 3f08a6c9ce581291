import { accountId } from '@restante/protocol';
import * as z from 'zod/mini';
import { conversationWith } from '../../vault/conversation-id.ts';
import type { Kind } from '../kind.ts';
import { earlier, v } from '../parts.ts';
import { shared, sharedKindOf, type SharedContent } from '../shared.ts';

/** For the author's own other devices: the content that was sent to `to`, of whatever kind of {@link shared}. */
const schema = z.object({ v, kind: z.literal('sent'), to: accountId, content: z.unknown(), earlier });

/** Null: a newer messenger has sent it. */
const copied = (content: unknown): SharedContent | null => shared.safeParse(content).data ?? null;

export const sent: Kind<typeof schema> = {
  schema,
  from: 'own devices',
  conversation: ({ to }) => conversationWith(to),
  references: ({ content }, envelope) => {
    const known = copied(content);
    const { author, id } = envelope;
    return known ? sharedKindOf(known).references(known, envelope) : [{ author, id }];
  },
  apply: async (applying, { to, content }) => {
    const known = copied(content);
    const place = applying.placeOfCopy(to);
    if (known) await sharedKindOf(known).apply({ ...applying, place }, known);
    else await applying.keepUnknown(place);
    return false;
  },
  isKnown: ({ content }) => copied(content) !== null,
  lasting: ({ content }) => {
    const known = copied(content);
    return known ? sharedKindOf(known).lasting(known) : 'from-then-on';
  },
};
