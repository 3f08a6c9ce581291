import type { Strings } from '../en/index.ts';
import { conversation } from './conversation.ts';
import { shell } from './shell.ts';

export const de: Strings = { ...shell, conversation };
