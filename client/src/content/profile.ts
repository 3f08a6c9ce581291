import { messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import { fromBase64 } from '../base64.ts';

/** UTF-16 units. */
export const MAX_PROFILE_NAME_LENGTH = 64;
/** Of a picture, in bytes. */
export const MAX_PROFILE_PICTURE_BYTES = 24 * 1024;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What a person says of themselves to those they have let in. */
export type Profile = {
  readonly name: string | null;
  /** A picture in a format that browsers show: whoever shows it looks for itself what it is. */
  readonly picture: Uint8Array<ArrayBuffer> | null;
};

/** It as it travels and is kept. */
export const profileFields = {
  /** Of the choice: of two the later one stands. */
  id: messageId,
  name: z.nullable(z.string().check(z.minLength(1), z.maxLength(MAX_PROFILE_NAME_LENGTH))),
  /** Base64 of a picture, of whatever kind its author says nothing. */
  picture: z.nullable(
    z.string().check(z.regex(BASE64), z.minLength(4), z.maxLength((MAX_PROFILE_PICTURE_BYTES / 3) * 4)),
  ),
};

export const chosenProfile = z.object(profileFields);
export type ChosenProfile = z.infer<typeof chosenProfile>;

/** Without what cannot be seen or turns the direction of writing; null when nothing is left. */
export const profileName = (given: string): string | null =>
  given
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim() || null;

export const readProfile = (chosen: ChosenProfile | undefined): Profile => ({
  name: chosen?.name ? profileName(chosen.name) : null,
  picture: chosen?.picture ? fromBase64(chosen.picture) : null,
});
