const counted =
  (one: string, many: string) =>
  (count: number): string =>
    `${count} ${count === 1 ? one : many}`;

export const timer = {
  label: 'Disappearing messages',
  about: (name: string) =>
    `What you and ${name} write from now on disappears on both sides. The time runs from sending for whoever wrote it, and from reading for the other one. What was read may have been kept.`,
  choices: 'Messages disappear',
  choose: 'Set',
  off: 'Not at all',
  after: (duration: string) => `After ${duration}`,
  set: (name: string, duration: string) => `${name} set messages to disappear after ${duration}.`,
  setOwn: (duration: string) => `You set messages to disappear after ${duration}.`,
  turnedOff: (name: string) => `${name} turned disappearing messages off.`,
  turnedOffOwn: 'You turned disappearing messages off.',
  notSent: 'This could not be sent.',
  waits: (duration: string) => `Disappears ${duration} after it has been read`,
  runs: (when: string) => `Disappears: ${when}`,
  durations: {
    seconds: counted('second', 'seconds'),
    minutes: counted('minute', 'minutes'),
    hours: counted('hour', 'hours'),
    days: counted('day', 'days'),
    weeks: counted('week', 'weeks'),
  },
} as const;
