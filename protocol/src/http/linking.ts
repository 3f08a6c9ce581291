import * as z from 'zod/mini';
import { base64 } from '../ids.ts';
import { curveKey } from '../key-shapes.ts';
import { LIMITS } from '../limits.ts';
import { rendezvousId } from '../rendezvous.ts';

/** `POST /api/rendezvous`. Times that are left, for who has no clock to trust yet. */
export const rendezvous = z.object({ id: rendezvousId, endsInMs: z.int().check(z.nonnegative()) });
export type Rendezvous = z.infer<typeof rendezvous>;

/** What one device has sealed for another. */
const sealed = base64(LIMITS.sealedBytes);

/** `PUT /api/rendezvous/:rendezvousId/:slot`. Answer: 204, also to the same bytes again. */
export const sealedMessage = z.strictObject({ sealed });
export type SealedMessage = z.infer<typeof sealedMessage>;

/** `GET /api/rendezvous/:rendezvousId/:slot`. Null: nobody has written it yet. */
export const heardSealedMessage = z.object({ sealed: z.nullable(sealed) });
export type HeardSealedMessage = z.infer<typeof heardSealedMessage>;

/** `POST /api/device-grants`: for the device with this key alone. */
export const newDeviceGrant = z.strictObject({ identityKey: curveKey });
export type NewDeviceGrant = z.infer<typeof newDeviceGrant>;

/** A token in place of a password: `grantClaims`. */
export const grantToken = z.string().check(z.minLength(1), z.maxLength(LIMITS.grantBytes));

/** The right to add one device to the account of the device that has asked for it. */
export const deviceGrant = z.object({ grant: grantToken });
export type DeviceGrant = z.infer<typeof deviceGrant>;
