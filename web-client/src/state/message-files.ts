import type { Message } from '@restante/client';
import type { Engine } from '../engine/engine.ts';
import { referenceTo } from './message-window.ts';

/** Files of messages, from this device or the nodes. */
export type MessageFiles = {
  /** All of one. */
  readonly read: (message: Message, index: number) => Promise<Blob>;
  /** Bytes of one from `from` on, as many as come with one part of it; none at its end. */
  readonly readPiece: (message: Message, index: number, from: number) => Promise<Blob>;
  /** Asks whoever may have one that no node has any more to store it again. */
  readonly ask: (message: Message, index: number) => Promise<void>;
};

export const createMessageFiles = ({ calls, status }: Pick<Engine, 'calls' | 'status'>): MessageFiles => {
  const target = (message: Message) => referenceTo(message, status().self?.accountId ?? '');
  return {
    read: (message, index) => calls.readFile(message.conversation, target(message), index),
    ask: (message, index) => calls.askForFile(message.conversation, target(message), index),
    readPiece: (message, index, from) => calls.readPiece(message.conversation, target(message), index, from),
  };
};
