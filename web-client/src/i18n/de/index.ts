import type { Strings } from '../en/index.ts';
import { account } from './account.ts';
import { connection } from './connection.ts';
import { conversation } from './conversation.ts';
import { details } from './details.ts';
import { errors, retryAfter } from './errors.ts';
import { files } from './files.ts';
import { people } from './people.ts';
import { selecting } from './selecting.ts';
import { settings } from './settings.ts';
import { shell } from './shell.ts';
import { shortcuts } from './shortcuts.ts';
import { timer } from './timer.ts';
import { starred } from './starred.ts';
import { voice } from './voice.ts';
import { writing } from './writing.ts';

export const de: Strings = {
  ...shell,
  account,
  connection,
  conversation,
  details,
  errors,
  files,
  people,
  retryAfter,
  selecting,
  settings,
  shortcuts,
  timer,
  starred,
  voice,
  writing,
};
