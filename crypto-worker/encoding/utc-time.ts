import type { UnixSeconds } from '../brands.js';

/** "2016-04-13 11:00:00" (dir-spec §1.2, UTC) as seconds, or null for anything that is no such moment. */
export const parseUtcTime = (date: string, time: string): UnixSeconds | null => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || !/^\d{2}:\d{2}:\d{2}$/.test(time)) return null;
  const text = `${date}T${time}.000Z`;
  const milliseconds = Date.parse(text);
  // Date.parse accepts 24:00:00 and, for some months, day 31: writing it back finds them.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== text) return null;
  return (milliseconds / 1000) as UnixSeconds;
};
