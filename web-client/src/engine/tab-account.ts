import {
  markerAfter,
  onMarkerWritten,
  readMarker,
  writeMarker,
  type AccountMarker,
} from './account-marker.ts';
import type { LeaderStatus, Status } from './calls.ts';
import { askForPersistence, isPersistent } from './storage.ts';

export type TabAccount = {
  readonly status: () => Pick<Status, 'persistent' | 'wiped'>;
  readonly note: (status: LeaderStatus) => void;
  readonly forgetWiped: () => void;
  /** Asks the browser for lasting storage, in answer to a click. Answers whether it has promised it. */
  readonly askForPersistence: () => Promise<boolean>;
  /** Its owner takes the account off this device. */
  readonly leave: () => void;
};

/** What the page, unlike the worker, can keep and ask for: the account marker and lasting storage. */
export const createTabAccount = (onChange: () => void): TabAccount => {
  let marker = readMarker();
  let phase: LeaderStatus['phase'] = 'starting';
  let persistent = false;
  let isPersistenceKnown = false;

  const keep = (next: AccountMarker | null): void => {
    marker = next;
    writeMarker(next);
    onChange();
  };
  const learnPersistence = async (isNewAccount: boolean): Promise<void> => {
    persistent = await (isNewAccount && document.visibilityState === 'visible'
      ? askForPersistence()
      : isPersistent());
    onChange();
  };
  onMarkerWritten((written) => {
    marker = written;
    onChange();
  });

  return {
    status: () => ({
      persistent,
      wiped: phase === 'signed-out' ? marker : phase === 'signed-in' ? (marker?.lost ?? null) : null,
    }),
    note: (status) => {
      ({ phase } = status);
      if (phase !== 'signed-in') return;
      const next = markerAfter(marker, status.self);
      const isNewAccount = next !== marker;
      if (isNewAccount) keep(next);
      if (isNewAccount || !isPersistenceKnown) void learnPersistence(isNewAccount);
      isPersistenceKnown = true;
    },
    forgetWiped: () => {
      if (marker === null) return;
      keep(phase === 'signed-in' ? { ...marker, lost: null } : null);
    },
    askForPersistence: async () => {
      await learnPersistence(true);
      return persistent;
    },
    leave: () => keep(null),
  };
};
