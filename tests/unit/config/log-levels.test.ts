import { describe, expect, it } from 'vitest';
import { LOG_LEVELS, makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import { MINIMAL } from './minimal.js';

describe('the configured log level', () => {
  it.each([
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ])('%s lets pass %j', (level, passed) => {
    const outcome = parseConfig(MINIMAL, 'c.toml', [`log.level=${level}`]);
    if (!outcome.ok) throw new Error('refused');
    const records: LogRecord[] = [];
    const log = makeLogger(
      'test',
      () => 0,
      (record) => records.push(record),
      outcome.config.log.level,
    );
    for (const each of LOG_LEVELS) log[each]('x');
    expect(records.map((record) => record.level)).toEqual(passed);
  });

  it('is info unless the configuration says otherwise', () => {
    const outcome = parseConfig(MINIMAL, 'c.toml');
    expect(outcome.ok && outcome.config.log.level).toBe('info');
  });
});
