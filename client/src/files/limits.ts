/** Files of one message. */
export const MAX_FILES = 10;

/** Bytes of all small pictures that come with the files of a message. */
export const MAX_PREVIEW_BYTES = 8 * 1024;
