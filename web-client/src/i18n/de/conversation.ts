export const conversation = {
  empty: 'Wähle eine Unterhaltung oder füge jemanden hinzu.',
};
