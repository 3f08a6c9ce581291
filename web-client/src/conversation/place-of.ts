import type { Message } from '@restante/client';
import type { App } from '../state/app.ts';
import { referenceTo } from '../state/message-window.ts';

/** What a link to a message's place in its conversation takes. */
export const placeOf = (
  { pendingJump, router, status }: Pick<App, 'pendingJump' | 'router' | 'status'>,
  message: Message,
): { readonly href: string; readonly onclick: () => void } => ({
  href: router.href({ name: 'conversation', conversation: message.conversation }),
  onclick: () => pendingJump.set(message.conversation, referenceTo(message, status.self?.accountId ?? '')),
});
