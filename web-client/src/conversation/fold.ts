/** A text without case and diacritics, as the messenger's own search compares them. */
export const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase();
