import { deviceKilled, diesAtCommit, vaultFails, vaultPutBack } from './devices.ts';
import { lostData, lostDataWhileAway } from './disks.ts';
import type { Fault } from './fault.ts';
import { halfOpen, isolated, lossy, oneWay, refused, slow, stalled } from './links.ts';
import {
  couchesDead,
  everythingDead,
  killed,
  limping,
  mastersDead,
  nodesDead,
  someDead,
  stopped,
  stoppedForLong,
  terminated,
} from './processes.ts';

export const FAULTS: readonly Fault[] = [
  killed,
  terminated,
  stopped,
  stoppedForLong,
  limping,
  someDead,
  couchesDead,
  nodesDead,
  mastersDead,
  everythingDead,
  refused,
  stalled,
  halfOpen,
  oneWay,
  slow,
  lossy,
  isolated,
  lostData,
  lostDataWhileAway,
  deviceKilled,
  diesAtCommit,
  vaultFails,
  vaultPutBack,
];
