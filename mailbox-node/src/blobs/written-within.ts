import { LIMITS, UPLOAD_MS } from '@restante/protocol';

/** A blob may be written, by all clocks that are apart by what is allowed, until so long after its time. */
export const WRITTEN_WITHIN_MS = UPLOAD_MS + 2 * LIMITS.clockSkewMs;
