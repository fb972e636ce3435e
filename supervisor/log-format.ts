import type { LogLevel, LogRecord } from '@rustbalance/actors/kernel/logging.js';

/** How a record becomes one line. journal: text with a priority instead of a time, which the journal has itself. */
export type LogFormat = 'text' | 'json' | 'journal';

/** sd-daemon(3): syslog priorities. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** Text from outside must not be able to end a line and begin one that looks like ours. */
const onOneLine = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return `\\x${code}`;
  });

const shownValue = (value: string | number | boolean | null): string => {
  if (typeof value !== 'string') return String(value);
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
};

const sentence = (record: LogRecord): string => {
  const fields = Object.entries(record.fields).map(([name, value]) => ` ${name}=${shownValue(value)}`);
  const { error } = record;
  const why = error === null ? '' : `: ${error.where}: ${error.what} [${error.code}]. ${error.action}`;
  return onOneLine(`${record.component}: ${record.message}${fields.join('')}${why}`);
};

export const formatted = (record: LogRecord, format: LogFormat): string => {
  switch (format) {
    case 'text':
      return `${new Date(record.atMs).toISOString()} ${record.level.padEnd(5)} ${sentence(record)}`;
    case 'journal':
      return `<${String(PRIORITY[record.level])}>${sentence(record)}`;
    case 'json': {
      const { atMs, level, component, message, fields, error } = record;
      const time = new Date(atMs).toISOString();
      return JSON.stringify({
        time,
        level,
        component,
        message,
        ...(error === null ? {} : { error }),
        fields,
      });
    }
  }
};
