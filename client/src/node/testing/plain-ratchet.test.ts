import { ratchetContract } from '../../ratchet/ratchet.contract.ts';
import { plainRatchet } from './plain-ratchet.ts';

ratchetContract('plain', plainRatchet);
