const duration = (seconds: number): string =>
  seconds < 60
    ? `${seconds} s`
    : seconds < 3_600
      ? `${Math.ceil(seconds / 60)} min`
      : `${Math.ceil(seconds / 3_600)} h`;

export const history = {
  label: 'Earlier messages',
  asking: 'Earlier messages come when one of your other devices is open.',
  coming: (come: string, all: string) => `Earlier messages: ${come} of ${all}`,
  left: (seconds: number) => `about ${duration(seconds)} left`,
  notNow: 'Not now',
  title: 'Earlier messages',
  about: 'Messages that your other devices have and this one has not, the newest ones first.',
  paused: (come: string, all: string) => `Paused: ${come} of ${all} have come.`,
  done: (come: string) => `${come} have come.`,
  take: 'Get them',
  goOn: 'Go on',
  pause: 'Pause',
};
