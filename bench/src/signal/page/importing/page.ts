import { signalRatchet } from '@restante/client/signal';

/** What the messenger imports, and nothing else. */
Object.assign(globalThis, { ratchet: signalRatchet() });
