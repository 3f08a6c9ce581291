import type { ConversationId } from '@restante/client';
/** What a tab says to the service worker of a new version that waits: take over. */
export const ACTIVATE = 'activate';

/** What the service worker says to a tab. */
export type FromServiceWorker =
  /** The person has clicked the notification of this conversation. */
  { readonly kind: 'open-conversation'; readonly conversation: ConversationId };

/** What a notification carries. */
export type NotificationData = {
  readonly conversation: ConversationId;
  /** Where a tab opens that shows the conversation, on this origin. */
  readonly path: string;
};
