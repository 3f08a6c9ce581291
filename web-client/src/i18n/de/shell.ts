export const shell = {
  appName: 'Restante',
  starting: 'Deine Nachrichten werden geöffnet …',
};
