import { base64, messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import { fromBase64 } from '../base64.ts';
import { MAX_PROFILE_NAME_LENGTH, MAX_PROFILE_PICTURE_BYTES, profileName, type Profile } from './profile.ts';

/** A profile as it travels and is kept. */
export const profileFields = {
  /** Of the choice: of two the later one stands. */
  id: messageId,
  name: z.nullable(z.string().check(z.minLength(1), z.maxLength(MAX_PROFILE_NAME_LENGTH))),
  /** Base64 of a picture, of whatever kind its author says nothing. */
  picture: z.nullable(base64((MAX_PROFILE_PICTURE_BYTES / 3) * 4)),
};

export const chosenProfile = z.object(profileFields);
export type ChosenProfile = z.infer<typeof chosenProfile>;

export const readProfile = (chosen: ChosenProfile | undefined): Profile => ({
  name: chosen?.name ? profileName(chosen.name) : null,
  picture: chosen?.picture ? fromBase64(chosen.picture) : null,
});
