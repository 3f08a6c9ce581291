import { libsignalRatchet } from '../node/libsignal-ratchet.ts';
import { ratchetContract } from '../ratchet/ratchet.contract.ts';
import { signalRatchet } from './signal-ratchet.ts';

ratchetContract('signal', signalRatchet);
ratchetContract('signal to libsignal', signalRatchet, libsignalRatchet);
ratchetContract('libsignal to signal', libsignalRatchet, signalRatchet);
