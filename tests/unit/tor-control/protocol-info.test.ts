import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAuthChallenge, parseProtocolInfo } from '@rustbalance/actors/tor/control/protocol-info.js';
import { controllerHash, serverKnowsCookie } from '@rustbalance/actors/tor/control/safe-cookie.js';
import { oneMessage } from './parsing.js';

const HEX = 'AB'.repeat(32);

describe('PROTOCOLINFO', () => {
  test('methods, cookie file and version are read, in any order and among unknown lines', () => {
    const reply = oneMessage(
      '250-PROTOCOLINFO 1\r\n250-FUTURE x="y"\r\n250-VERSION Tor="0.4.9.11" more\r\n' +
        '250-AUTH METHODS=COOKIE,SAFECOOKIE,NEWTHING COOKIEFILE="/run/tor/a \\"b\\"\\303\\251"\r\n250 OK\r\n',
    );
    expect(parseProtocolInfo(reply)).toEqual({
      methods: ['COOKIE', 'SAFECOOKIE', 'NEWTHING'],
      cookieFile: '/run/tor/a "b"é',
      torVersion: '0.4.9.11',
    });
  });

  test.each([
    ['another reply', '250 OK\r\n'],
    ['an error', '514 Authentication required.\r\n'],
    ['no methods', '250-PROTOCOLINFO 1\r\n250-VERSION Tor="1"\r\n250 OK\r\n'],
    [
      'a quote that never closes',
      '250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE COOKIEFILE="/x\r\n250 OK\r\n',
    ],
    [
      'a file name with a line break',
      '250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE COOKIEFILE="/x\\ny"\r\n250 OK\r\n',
    ],
    [
      'a file name with a NUL',
      '250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE COOKIEFILE="/x\\000"\r\n250 OK\r\n',
    ],
    [
      'a file name longer than a path',
      `250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE COOKIEFILE="/${'x'.repeat(5000)}"\r\n250 OK\r\n`,
    ],
  ])('a reply with %s is refused', (_, text) => {
    expect(parseProtocolInfo(oneMessage(text))).toBeNull();
  });
});

describe('AUTHCHALLENGE', () => {
  test('both values are read', () => {
    const challenge = parseAuthChallenge(
      oneMessage(`250 AUTHCHALLENGE SERVERHASH=${HEX} SERVERNONCE=${HEX}\r\n`),
    );
    expect(challenge?.serverHash).toEqual(new Uint8Array(32).fill(0xab));
    expect(challenge?.serverNonce).toEqual(new Uint8Array(32).fill(0xab));
  });

  test.each([
    `250 AUTHCHALLENGE SERVERHASH=${HEX}\r\n`,
    `250 AUTHCHALLENGE SERVERHASH=${HEX.slice(2)} SERVERNONCE=${HEX}\r\n`,
    `250 AUTHCHALLENGE SERVERHASH=${HEX} SERVERNONCE=${HEX}00\r\n`,
    `250 AUTHCHALLENGE SERVERHASH=${'ZZ'.repeat(32)} SERVERNONCE=${HEX}\r\n`,
    `513 AUTHCHALLENGE SERVERHASH=${HEX} SERVERNONCE=${HEX}\r\n`,
    '250 OK\r\n',
  ])('%j is refused', (text) => {
    expect(parseAuthChallenge(oneMessage(text))).toBeNull();
  });
});

describe('SAFECOOKIE', () => {
  // HMAC-SHA256 made with Python's hmac module from the inputs named here.
  const cookie = Uint8Array.from({ length: 32 }, (_, index) => index);
  const clientNonce = new Uint8Array(32).fill(0x11);
  const serverNonce = new Uint8Array(32).fill(0x22);
  const input = { cookie, clientNonce, serverNonce };
  const SERVER_HASH = '2aecbf4d284befddbbacc3817b41959eda061ac7e156db0c734cb28aa5e903ed';
  const CONTROLLER_HASH = 'eea571786a3fd103b6aa1ffa46249c4c850c509d0c84c550ed9e41477511d2ba';

  test('both proofs equal an independent computation', () => {
    expect(serverKnowsCookie(input, Buffer.from(SERVER_HASH, 'hex'))).toBe(true);
    expect(Buffer.from(controllerHash(input)).toString('hex')).toBe(CONTROLLER_HASH);
  });

  test("the controller's own proof is not taken for the server's", () => {
    expect(serverKnowsCookie(input, controllerHash(input))).toBe(false);
  });

  test('a proof of any other length or content is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (hash) => {
        expect(serverKnowsCookie(input, hash)).toBe(false);
      }),
    );
  });
});
