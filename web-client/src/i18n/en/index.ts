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

/** All texts of the messenger. */
export const en = {
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

/** A text, or how one is made from values. */
export type Loose<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Loose<T[K]> };
export type Strings = Loose<typeof en>;
