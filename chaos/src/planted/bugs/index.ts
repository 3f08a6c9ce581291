import type { Bug } from '../bug.ts';
import {
  dedupeRemoved,
  deleteBeforeCommit,
  dropAtReconnect,
  duplicateTakenForKnown,
  failedOnNotFound,
  falseComplete,
  ownCopiesLost,
  repairGivesUp,
  shownBeforeKept,
  stateBackwards,
} from './client.ts';
import {
  acceptBeforeStore,
  bucketsDropped,
  emptyDiskAnswers,
  lateRetryRecreates,
  noFsync,
  passwordInLog,
  unfitTaken,
} from './services.ts';

export const BUGS: readonly Bug[] = [
  acceptBeforeStore,
  noFsync,
  deleteBeforeCommit,
  shownBeforeKept,
  dropAtReconnect,
  lateRetryRecreates,
  dedupeRemoved,
  duplicateTakenForKnown,
  stateBackwards,
  ownCopiesLost,
  repairGivesUp,
  failedOnNotFound,
  emptyDiskAnswers,
  bucketsDropped,
  unfitTaken,
  falseComplete,
  passwordInLog,
];
