export const shell = {
  appName: 'Restante',
  starting: 'Deine Nachrichten werden geöffnet …',
  showCharacters: 'Zeichen zeigen',
  hideCharacters: 'Zeichen verbergen',
};
