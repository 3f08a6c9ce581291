import { v7 } from 'uuid';

/** A UUIDv7 of now: makes a call that is sent again to another leader known as the same one. */
export const newRequestId = (): string => v7();
