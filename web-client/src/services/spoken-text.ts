import type { Message } from '@restante/client';
import { isBlank } from '@restante/client/blank-text';

/** What a message says, or what its files are called when it says nothing. */
export const spokenText = ({ text, files = [] }: Pick<Message, 'text' | 'files'>): string =>
  isBlank(text) && files.length > 0 ? files.map(({ name }) => name).join(', ') : text;
