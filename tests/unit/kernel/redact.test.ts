import { withoutPlaces } from '@rustbalance/actors/kernel/redact.js';
import { expect, it } from 'vitest';

it.each([
  [
    'Problem bootstrapping. Stuck at 10% (conn_done). (TIMEOUT; count 1; host 0123456789ABCDEF0123456789ABCDEF01234567 at 198.51.100.7:9001)',
    'Problem bootstrapping. Stuck at 10% (conn_done). (TIMEOUT; count 1; host … at …)',
  ],
  [
    'Bridge $0123456789ABCDEF0123456789ABCDEF01234567~somebody at [2001:db8::1]:443 is down',
    'Bridge … at … is down',
  ],
  [`service ${'a'.repeat(56)}.onion`, 'service ….onion'],
  ['Could not bind to 127.0.0.1: Address already in use', 'Could not bind to …: Address already in use'],
  ['Reading config failed--see warnings above.', 'Reading config failed--see warnings above.'],
])('what Tor says names no relay, bridge or address: %s', (said, told) => {
  expect(withoutPlaces(said)).toBe(told);
});
