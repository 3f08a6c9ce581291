/** What is said where a time of one's own is entered, beside what the first screen loads. */
export const otherTime = {
  other: 'Nach einer anderen Zeit',
  amount: 'Anzahl',
  unit: 'Einheit',
  range: 'Von 30 Sekunden bis 4 Wochen',
  units: { seconds: 'Sekunden', minutes: 'Minuten', hours: 'Stunden', days: 'Tage', weeks: 'Wochen' },
};
