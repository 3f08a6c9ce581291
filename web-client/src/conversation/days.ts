/** Whether two times are of the same day here. */
export const isSameDay = (a: number, b: number): boolean => {
  const [first, second] = [new Date(a), new Date(b)];
  return (
    first.getDate() === second.getDate() &&
    first.getMonth() === second.getMonth() &&
    first.getFullYear() === second.getFullYear()
  );
};

/** How a day is called: the two last ones by a word. */
export const dayName = (ms: number, nowMs: number): 'today' | 'yesterday' | 'earlier' => {
  if (isSameDay(ms, nowMs)) return 'today';
  const now = new Date(nowMs);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  return isSameDay(ms, yesterday.getTime()) ? 'yesterday' : 'earlier';
};
