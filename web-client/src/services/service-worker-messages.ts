import type { ConversationId } from '@restante/client';
import type { MediaType } from './media-type.ts';

/** What a tab says to the service worker of a new version that waits: take over. */
export const ACTIVATE = 'activate';

/** What the service worker says to a tab. */
export type FromServiceWorker =
  /** The person has clicked the notification of this conversation. */
  | { readonly kind: 'open-conversation'; readonly conversation: ConversationId }
  /** A player of the tab asks for a medium by its URL. Answered through the port that comes with it, by a `MediaAnswer`. */
  | {
      readonly kind: 'read-medium';
      readonly id: string;
      /** As the player has asked for it, in the words of HTTP; null: for all. */
      readonly range: string | null;
    };

/** Where the media of a tab are for its players: below this, by their ids. No server has anything here. */
export const MEDIA_PATH = '/media/';

/** What a tab gives of a medium. */
export type MediaAnswer =
  /** Bytes from `from` on, at least one, and as many as there are at once. `size`: bytes of all of it. */
  | {
      readonly kind: 'piece';
      readonly type: MediaType;
      readonly size: number;
      readonly from: number;
      readonly content: Blob;
    }
  /** There is nothing in this range. */
  | { readonly kind: 'no-range'; readonly size: number }
  /** It cannot be had now: the player may ask again. */
  | { readonly kind: 'later' }
  /** There is no such medium, or nobody has it any more. */
  | { readonly kind: 'gone' };

/** What a notification carries. */
export type NotificationData = {
  readonly conversation: ConversationId;
  /** Where a tab opens that shows the conversation, on this origin. */
  readonly path: string;
};
