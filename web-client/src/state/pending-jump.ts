import type { MessageReference } from '@restante/client';

/** The message that a conversation shall open at, from the one who leads there to the one who opens it. */
export class PendingJump {
  #target: { readonly accountId: string; readonly reference: MessageReference } | null = null;

  /** Before the route of the conversation is taken. */
  set(accountId: string, reference: MessageReference): void {
    this.#target = { accountId, reference };
  }

  /** For the conversation that opens: where to jump, once. */
  take(accountId: string): MessageReference | null {
    const target = this.#target;
    this.#target = null;
    return target?.accountId === accountId ? target.reference : null;
  }
}
