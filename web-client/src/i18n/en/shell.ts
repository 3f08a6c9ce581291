export const shell = {
  appName: 'Restante',
  starting: 'Opening your messages …',
  showCharacters: 'Show characters',
  hideCharacters: 'Hide characters',
} as const;
