import type { ConversationId, MessageReference } from '@restante/client';

/** The message that a conversation shall open at, from the one who leads there to the one who opens it. */
export class PendingJump {
  #target: { readonly conversation: ConversationId; readonly reference: MessageReference } | null = null;

  /** Before the route of the conversation is taken. */
  set(conversation: ConversationId, reference: MessageReference): void {
    this.#target = { conversation, reference };
  }

  /** For the conversation that opens: where to jump, once. */
  take(conversation: ConversationId): MessageReference | null {
    const target = this.#target;
    this.#target = null;
    return target?.conversation === conversation ? target.reference : null;
  }
}
