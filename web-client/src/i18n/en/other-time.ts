/** What is said where a time of one's own is entered, beside what the first screen loads. */
export const otherTime = {
  other: 'After another time',
  amount: 'Number',
  unit: 'Unit',
  range: 'From 30 seconds to 4 weeks',
  units: { seconds: 'seconds', minutes: 'minutes', hours: 'hours', days: 'days', weeks: 'weeks' },
};
