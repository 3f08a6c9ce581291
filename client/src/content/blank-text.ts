/**
 * White space, what Unicode says is not to be shown where it is not supported (spaces without width, joiners, marks of
 * direction, fillers, variation selectors, tags), controls, and what is drawn as nothing all the same.
 */
const BLANK = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\u{2800}\u{FFF9}-\u{FFFB}\u{1D159}]*$/u;

/** Whether nothing of a text is seen. Blank texts are not sent; those of others are shown as what they are. */
export const isBlank = (text: string): boolean => BLANK.test(text);
