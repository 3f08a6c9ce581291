import { ratchetContract } from '../ratchet/ratchet.contract.ts';
import { libsignalRatchet } from './libsignal-ratchet.ts';

ratchetContract('libsignal', libsignalRatchet);
