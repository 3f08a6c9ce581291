import type { Strings } from '../en/index.ts';
import { account } from './account.ts';
import { connection } from './connection.ts';
import { conversation } from './conversation.ts';
import { errors, retryAfter } from './errors.ts';
import { files } from './files.ts';
import { lock } from './lock.ts';
import { people } from './people.ts';
import { settings } from './settings.ts';
import { shell } from './shell.ts';
import { shortcuts } from './shortcuts.ts';
import { timer } from './timer.ts';
import { voice } from './voice.ts';
import { writing } from './writing.ts';

export const de: Strings = {
  ...shell,
  account,
  connection,
  conversation,
  errors,
  files,
  lock,
  people,
  retryAfter,
  settings,
  shortcuts,
  timer,
  voice,
  writing,
};
