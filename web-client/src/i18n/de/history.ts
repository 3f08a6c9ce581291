const duration = (seconds: number): string =>
  seconds < 60
    ? `${seconds} s`
    : seconds < 3_600
      ? `${Math.ceil(seconds / 60)} min`
      : `${Math.ceil(seconds / 3_600)} Std.`;

export const history = {
  label: 'Frühere Nachrichten',
  asking: 'Frühere Nachrichten kommen, sobald eines deiner anderen Geräte geöffnet ist.',
  coming: (come: string, all: string) => `Frühere Nachrichten: ${come} von ${all}`,
  left: (seconds: number) => `noch etwa ${duration(seconds)}`,
  notNow: 'Nicht jetzt',
  title: 'Frühere Nachrichten',
  about: 'Nachrichten, die deine anderen Geräte haben und dieses nicht, die neuesten zuerst.',
  paused: (come: string, all: string) => `Angehalten: ${come} von ${all} sind da.`,
  done: (come: string) => `${come} sind da.`,
  take: 'Holen',
  goOn: 'Weiter',
  pause: 'Anhalten',
};
