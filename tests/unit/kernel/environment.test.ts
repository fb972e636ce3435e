import { withoutServiceManager } from '@rustbalance/actors/kernel/environment.js';
import { expect, test } from 'vitest';

test('what the service manager gave to the daemon alone is not handed on', () => {
  const given = {
    PATH: '/usr/bin',
    HOME: '/root',
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '1',
    WATCHDOG_PID: '1',
    LISTEN_FDS: '1',
    LISTEN_PID: '1',
    LISTEN_FDNAMES: 'x',
    CREDENTIALS_DIRECTORY: '/run/credentials/x',
    JOURNAL_STREAM: '8:1',
    GONE: undefined,
  };
  expect(withoutServiceManager(given)).toEqual({ PATH: '/usr/bin', HOME: '/root' });
});
