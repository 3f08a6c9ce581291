export const shell = {
  appName: 'Restante',
  starting: 'Opening your messages …',
} as const;
