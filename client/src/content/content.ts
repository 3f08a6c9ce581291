import type { AccountId } from '@restante/protocol';
import * as z from 'zod/mini';
import { conversationWith, type ConversationId } from '../vault/conversation-id.ts';
import type { Applying, Kind, Lasting, Sent } from './kind.ts';
import { profile } from './kinds/profile.ts';
import { profileRequest } from './kinds/profile-request.ts';
import { receipt } from './kinds/receipt.ts';
import { sent } from './kinds/sent.ts';
import { sessionRenewal } from './kinds/session-renewal.ts';
import { sync } from './kinds/sync.ts';
import { deletion } from './kinds/deletion.ts';
import { edit } from './kinds/edit.ts';
import { fileRequest } from './kinds/file-request.ts';
import { fileStored } from './kinds/file-stored.ts';
import { files } from './kinds/files.ts';
import { historyPart } from './kinds/history-part.ts';
import { historyRequest } from './kinds/history-request.ts';
import { reaction } from './kinds/reaction.ts';
import { text } from './kinds/text.ts';
import { timer } from './kinds/timer.ts';

/** Every kind of content, by its name: a new one is a file of its own, a line here, and one in `shared.ts` or none. */
const KINDS = {
  text,
  files,
  edit,
  reaction,
  deletion,
  timer,
  receipt,
  sent,
  sync,
  profile,
  'profile-request': profileRequest,
  'file-request': fileRequest,
  'file-stored': fileStored,
  'history-request': historyRequest,
  'history-part': historyPart,
  'session-renewal': sessionRenewal,
};

export const content = z.discriminatedUnion('kind', [
  text.schema,
  files.schema,
  edit.schema,
  reaction.schema,
  deletion.schema,
  timer.schema,
  receipt.schema,
  sent.schema,
  sync.schema,
  profile.schema,
  profileRequest.schema,
  fileRequest.schema,
  fileStored.schema,
  historyRequest.schema,
  historyPart.schema,
  sessionRenewal.schema,
]);
export type Content = z.infer<typeof content>;

/** What contents of all kinds need where they arrive. */
export type ApplyingAny = Applying &
  Parameters<typeof sync.apply>[0] &
  Parameters<typeof historyRequest.apply>[0] &
  Parameters<typeof historyPart.apply>[0] &
  Parameters<typeof sessionRenewal.apply>[0];

type AnyKind = Omit<Kind<typeof content, ApplyingAny>, 'schema'>;

const kindOf = ({ kind }: Content): AnyKind => KINDS[kind] as AnyKind;

/** Applies a content, unless it comes from somebody from whom it means nothing. Answers whether its sender is owed a receipt. */
export const applyContent = async (applying: ApplyingAny, received: Content): Promise<boolean> => {
  const { from, apply } = kindOf(received);
  const isOwn = applying.from.accountId === applying.self;
  const counts = from === 'anyone' || (from === 'own devices') === isOwn;
  return counts && apply(applying, received);
};

export const referencesOf = (received: Content, envelope: Sent): ReturnType<AnyKind['references']> =>
  kindOf(received).references(received, envelope);

/** The conversation that a content of this author belongs to. */
export const conversationOf = (received: Content, author: AccountId): ConversationId =>
  kindOf(received).conversation?.(received) ?? conversationWith(author);

/** Whether this messenger knows all that is in it. */
export const isKnown = (received: Content): boolean => kindOf(received).isKnown?.(received) ?? true;

/** Whether it says the same however often and late it is told. */
export const lasting = (received: Content): Lasting => kindOf(received).lasting?.(received) ?? 'no';
