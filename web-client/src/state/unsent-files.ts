import type { ConversationId } from '@restante/client';
import { ChosenFiles } from './chosen-files.svelte.ts';

/** What has been chosen or spoken in each conversation, and not sent yet: it is there for whoever comes back in this tab. */
export class UnsentFiles {
  readonly #byConversation = new Map<ConversationId, ChosenFiles>();

  of(conversation: ConversationId): ChosenFiles {
    const files = this.#byConversation.get(conversation) ?? new ChosenFiles();
    this.#byConversation.set(conversation, files);
    return files;
  }

  forgetAll(): void {
    this.#byConversation.clear();
  }
}
