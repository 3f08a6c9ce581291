import type { Strings } from '../en/index.ts';
import { connection } from './connection.ts';
import { conversation } from './conversation.ts';
import { shell } from './shell.ts';
import { writing } from './writing.ts';

export const de: Strings = { ...shell, connection, conversation, writing };
