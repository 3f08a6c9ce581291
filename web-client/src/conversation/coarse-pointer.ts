/** Whether this is a device for fingers: its keyboard is on the screen, and covers half of it. */
export const isCoarsePointer = (): boolean => matchMedia('(pointer: coarse)').matches;
