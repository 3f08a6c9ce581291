import { deviceKilled, diesAtCommit, vaultFails, vaultPutBack } from './devices.ts';
import { lostData } from './disks.ts';
import type { Fault } from './fault.ts';
import { halfOpen, isolated, refused, stalled } from './links.ts';
import { killed, stopped, terminated } from './processes.ts';

export const FAULTS: readonly Fault[] = [
  killed,
  terminated,
  stopped,
  refused,
  stalled,
  halfOpen,
  isolated,
  lostData,
  deviceKilled,
  diesAtCommit,
  vaultFails,
  vaultPutBack,
];
