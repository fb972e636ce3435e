import { describe, expect, it } from 'vitest';
import { LONGEST_JOIN_FRAME } from '@rustbalance/actors/election/join/limits.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { joinPath, joinPathHash } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { LONGEST_JOIN_BODY, MasterJoinGate } from '@rustbalance/actors/proxy/join-gate.js';
import { eventually } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient } from './support/raw-client.js';
import { okay, sayingTarget } from './support/scripted-target.js';

/** Joins at the master address as the proxy sees them; who is admitted is said by the test. */
const SECRET = new Uint8Array(32).fill(3) as JoinSecret;
const LIVE = `/.rb/${joinPath(SECRET)}`;
const DEAD = `/.rb/${joinPath(new Uint8Array(32).fill(4) as JoinSecret)}`;
const ANSWER = Buffer.from('the answer of a member');
const PATIENCE = { timeoutMs: 5000, everyMs: 5 };

const post = (path: string, body: string, ...fields: readonly string[]): string =>
  requestText(`POST ${path}`, ...fields, `Content-Length: ${String(body.length)}`) + body;

const stage = async (admits: (frame: string) => boolean | Promise<boolean>) => {
  const asked: string[] = [];
  const gate = new MasterJoinGate(systemClock, async (frame) => {
    const text = Buffer.from(frame).toString('latin1');
    asked.push(text);
    return (await admits(text)) ? ANSWER : null;
  });
  gate.setHashes([joinPathHash(new Uint8Array(32).fill(9) as JoinSecret), joinPathHash(SECRET)]);
  const target = await sayingTarget(okay('the target', 'X-T: 1'));
  const proxy = await proxyTo({ target, options: { joins: gate } });
  return { asked, gate, target, proxy, client: () => rawClient(proxy.listen) };
};

/** What the target gets of a request that nobody looks at. */
const atTarget = (port: number, path: string, body: string, ...fields: readonly string[]): string =>
  [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${String(port)}`,
    ...fields,
    `Content-Length: ${String(body.length)}`,
    '',
    body,
  ].join('\r\n');

const FROM_TARGET = okay('the target', 'X-T: 1');

describe('a POST to the path of a live token', () => {
  it('that is admitted gets the answer, and the target hears nothing of it', async () => {
    const { client, target, asked } = await stage(() => true);
    const joiner = client();
    joiner.send(post(LIVE, 'frame 1') + requestText('GET /next'));
    const heard = await joiner.hears(FROM_TARGET);
    expect(asked).toEqual(['frame 1']);
    expect(heard).toBe(
      `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${String(ANSWER.length)}\r\nCache-Control: no-store\r\n\r\n${ANSWER.toString()}${FROM_TARGET}`,
    );
    expect(target.requests.map((head) => head.split('\r\n')[0])).toEqual(['GET /next HTTP/1.1']);
  });

  it('is admitted as well when it comes in pieces, and when its client has closed its side', async () => {
    const { client, target, asked } = await stage(() => true);
    const joiner = client();
    for (const byte of post(LIVE, 'frame 1', 'Connection: close')) {
      joiner.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    joiner.socket.end();
    expect(await joiner.closed()).toContain(ANSWER.toString());
    expect([asked, target.requests]).toEqual([['frame 1'], []]);
  });

  it('that is refused goes to the target as it came, with what was sent ahead behind it', async () => {
    const { client, target, asked } = await stage(() => false);
    const joiner = client();
    const body = Buffer.from(Array.from({ length: 256 }, (_, at) => at)).toString('latin1');
    joiner.send(post(LIVE, body, 'X-Mine: 1', 'Cookie: a=b') + requestText('GET /next'));
    const heard = await joiner.hears(/the target.*the target/s);
    expect(heard).toBe(FROM_TARGET + FROM_TARGET);
    expect(asked).toEqual([body]);
    expect(target.received).toEqual([
      `${atTarget(target.port, LIVE, body, 'X-Mine: 1', 'Cookie: a=b')}GET /next HTTP/1.1\r\nHost: 127.0.0.1:${String(target.port)}\r\n\r\n`,
    ]);
  });

  it('whose member fails goes to the target, too', async () => {
    const { client, target } = await stage(() => Promise.reject(new Error('the actor died')));
    expect(await client().send(post(LIVE, 'x')).hears('the target')).toBe(FROM_TARGET);
    expect(target.received).toEqual([atTarget(target.port, LIVE, 'x')]);
  });

  it('is forgotten when its client leaves before the end', async () => {
    const { client, target, asked, proxy } = await stage(() => true);
    const gone = client().send(post(LIVE, 'frame 1').slice(0, -2));
    await eventually('it is read', () => proxy.traffic.requestsTotal === 1, PATIENCE);
    gone.socket.destroy();
    await eventually('it is gone', () => proxy.openConnections() === 0, PATIENCE);
    expect([asked, target.received]).toEqual([[], []]);
  });

  it('is the target’s from the twenty-first in a row on', async () => {
    const { client, asked } = await stage(() => false);
    for (let number = 0; number < 23; number++) await client().send(post(LIVE, 'x')).hears('the target');
    expect(asked.length).toBeGreaterThanOrEqual(20);
    expect(asked.length).toBeLessThan(23);
  });
});

describe('every other request', () => {
  const ordinary: readonly (readonly [string, string])[] = [
    ['with the path of another token', post(DEAD, 'x')],
    ['with something behind the path', post(`${LIVE}?`, 'x')],
    ['with the path in capitals', post(LIVE.toUpperCase(), 'x')],
    ['of another method', post(LIVE, 'x').replace('POST', 'PUT')],
    ['without a body', requestText(`POST ${LIVE}`, 'Content-Length: 0')],
    ['in chunks', `${requestText(`POST ${LIVE}`, 'Transfer-Encoding: chunked')}1\r\nx\r\n0\r\n\r\n`],
    ['too large for a join', post(LIVE, 'x'.repeat(LONGEST_JOIN_BODY + 1))],
  ];

  it.each(ordinary)('%s is the target’s', async (_, request) => {
    const { client, target, asked } = await stage(() => true);
    const plain = await proxyTo({ target });
    expect(await client().send(request).hears('the target')).toBe(FROM_TARGET);
    await rawClient(plain.listen).send(request).hears('the target');
    // As a proxy without a gate hands it on, byte for byte.
    expect(target.received[0]).toBe(target.received[1]);
    expect(asked).toEqual([]);
  });

  it('goes to the target before its body is there: nothing is held back', async () => {
    const { client, target } = await stage(() => true);
    client().send(post(DEAD, 'frame 1').slice(0, -1));
    await eventually('the target has its head', () => target.requests.length === 1, PATIENCE);
  });

  it('is the target’s once the token has ended', async () => {
    const { client, gate, asked } = await stage(() => true);
    gate.setHashes([]);
    await client().send(post(LIVE, 'x')).hears('the target');
    expect(asked).toEqual([]);
  });
});

it('A join’s body is as long as its frame may be', () => {
  expect(LONGEST_JOIN_BODY).toBe(LONGEST_JOIN_FRAME);
});
