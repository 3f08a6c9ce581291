import { edit, hide, react, read, takeBack } from './annotating.ts';
import { deleteAccount, refresh, removeDevice, signOut, takeHistory } from './devices.ts';
import { askForFile, file } from './file.ts';
import type { Operation } from './operation.ts';
import { profile } from './profile.ts';
import { draft, forget, standing } from './standing.ts';
import { burst, text } from './text.ts';
import { timer } from './timer.ts';

/** All that people do: a new kind of content has its operation here. */
export const OPERATIONS: readonly Operation[] = [
  text,
  burst,
  file,
  askForFile,
  edit,
  react,
  takeBack,
  hide,
  read,
  standing,
  forget,
  draft,
  profile,
  timer,
  refresh,
  takeHistory,
  removeDevice,
  signOut,
  deleteAccount,
];
