/** As the protocol has them; its schemas would bring a validation library into the first screen. */
const USERNAME = /^[a-z][a-z0-9._-]{2,31}$/;

export const isUsername = (text: string): boolean => USERNAME.test(text);

/** What a person meant who typed a name with capitals or a space after it. */
export const normalizeUsername = (typed: string): string => typed.trim().toLowerCase();
