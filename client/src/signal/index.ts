export { signalRatchet } from './signal-ratchet.ts';
