import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDump } from '@rustbalance/actors/wg/wireguard/dump.js';
import { inspect } from 'node:util';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const device = `${key(1)}\t${key(2)}\t51820\toff\n`;
const peer = `${key(3)}\t${key(4)}\t10.0.0.2:51820\tfd00::2/128\t1700000000\t268\t324\t25\n`;
const bare = `${key(5)}\t(none)\t(none)\t(none)\t0\t0\t0\toff\n`;

describe('the output of wg show dump', () => {
  test('gives the device and its peers', () => {
    const dump = parseDump(device + peer + bare);
    expect(dump).toMatchObject({ publicKey: key(2), listenPort: 51_820 });
    expect(dump?.peers).toMatchObject([
      {
        publicKey: key(3),
        endpoint: '10.0.0.2:51820',
        allowedIps: ['fd00::2/128'],
        latestHandshake: 1_700_000_000,
        receivedBytes: 268,
        sentBytes: 324,
        keepalive: 25,
      },
      { publicKey: key(5), presharedKey: null, endpoint: null, allowedIps: [], keepalive: 0 },
    ]);
    expect(dump?.peers[0]?.presharedKey?.reveal()).toEqual(new Uint8Array(32).fill(4));
  });

  test('of a device without a key has no public key', () => {
    expect(parseDump('(none)\t(none)\t45059\toff\n')).toEqual({
      publicKey: null,
      listenPort: 45_059,
      peers: [],
    });
  });

  test('shows neither the private key nor a preshared one to anything that prints', () => {
    const dump = parseDump(device + peer);
    const printed = `${inspect(dump, { depth: 9 })}${JSON.stringify(dump)}`;
    expect(printed).not.toContain(key(1));
    expect(printed).not.toContain(key(4));
  });

  test.each([
    ['nothing', ''],
    ['a key without its public half', `${key(1)}\t(none)\t51820\toff\n`],
    ['a port beyond 65535', `${key(1)}\t${key(2)}\t70000\toff\n`],
    ['a key of 31 bytes', `${key(1)}\t${Buffer.alloc(31).toString('base64')}\t51820\toff\n`],
    ['a peer with a field less', device + peer.replace('\t25', '')],
    ['a negative counter', device + peer.replace('268', '-1')],
    ['the output for all interfaces', `wg0\t${device}`],
    ['a complaint', 'Unable to access interface: No such device\n'],
  ])('is refused when it is %s', (_what, text) => {
    expect(parseDump(text)).toBeNull();
  });

  test('never throws, whatever is changed in it', () => {
    const whole = device + peer + bare;
    const change = fc.record({
      at: fc.nat(whole.length),
      cut: fc.nat(60),
      put: fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('\t', '\n', '(none)', 'off', key(9))),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const text = changes.reduce(
          (before, { at, cut, put }) => before.slice(0, at) + put + before.slice(at + cut),
          whole,
        );
        const dump = parseDump(text);
        for (const found of dump?.peers ?? []) {
          expect(found.publicKey).toHaveLength(44);
          expect(Number.isSafeInteger(found.sentBytes)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
