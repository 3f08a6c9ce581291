import { z } from 'zod';

/** Values of options, which come as text. What they say of a bad one follows the option's name. */

/** A whole number, in digits. */
export const whole = (atLeast: number, atMost: number): z.ZodType<number> => {
  const says = `needs a whole number from ${atLeast} to ${atMost}`;
  return z
    .string()
    .regex(/^\d+$/, says)
    .transform(Number)
    .refine((number) => number >= atLeast && number <= atMost, says);
};

export const minutes = z
  .string()
  .transform(Number)
  .refine((number) => number > 0, 'needs a number above 0');

/** Names separated by commas; all of them are known. */
export const names = <N extends string>(known: readonly N[]): z.ZodType<readonly N[]> =>
  z.string().transform((given, context) => {
    const list = given.split(',').map((name) => name.trim());
    const isKnown = (name: string): name is N => known.some((each) => each === name);
    const unknown = list.find((name) => !isKnown(name));
    if (unknown === undefined) return list.filter(isKnown);
    context.addIssue(`does not know "${unknown}": ${known.join(', ')}`);
    return z.NEVER;
  });
