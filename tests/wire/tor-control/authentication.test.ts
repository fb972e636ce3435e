import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeAuthentication } from '../../support/fake-control/authentication.js';
import { startFakeControlPort, type FakeControlPort } from '../../support/fake-control-port.js';
import { dial, errorOf, login, secret, withDirectory } from './dialling.js';

let port: FakeControlPort | null = null;
let cookie = randomBytes(32);

beforeEach(() => {
  cookie = randomBytes(32);
});
afterEach(async () => {
  await port?.close();
  port = null;
});

const start = async (authentication: FakeAuthentication): Promise<FakeControlPort> =>
  (port = await startFakeControlPort({ authentication }));
const keywords = (): string[] => port!.received.map(({ keyword }) => keyword);
/** A cookie file that needs no disk. */
const holding = (bytes: Uint8Array) => ({
  read: () => Promise.resolve(bytes),
  groupOf: () => Promise.resolve(null),
});

describe('authentication', () => {
  test('SAFECOOKIE over a unix socket, the cookie read from its file', () =>
    withDirectory(async (directory) => {
      const file = join(directory, 'a "cookie" \\ é');
      await writeFile(file, cookie);
      const byteText = Buffer.from(file).toString('latin1');
      port = await startFakeControlPort({
        socketPath: join(directory, 'control'),
        authentication: { cookie: { file: byteText, bytes: cookie } },
        byteByByte: true,
      });
      const connection = await dial(port.endpoint);
      expect(await login(connection)).toEqual({
        method: 'SAFECOOKIE',
        torVersion: '0.4.9.11',
        cookieFile: file,
      });
      expect(keywords()).toEqual(['PROTOCOLINFO', 'AUTHCHALLENGE', 'AUTHENTICATE']);
      expect((await connection.send('GETINFO version' as never)).status).toBe(250);
      connection.close('done');
    }));

  test('COOKIE where SAFECOOKIE is not offered', async () => {
    const { endpoint } = await start({ cookie: { file: '/c', bytes: cookie }, methods: ['COOKIE'] });
    const connection = await dial(endpoint);
    expect((await login(connection, { cookieFiles: holding(cookie) })).method).toBe('COOKIE');
  });

  test('the password where no cookie is offered, whatever bytes it has', async () => {
    const password = 'pä"ss\\wörd \r\n x';
    const { endpoint } = await start({ password });
    expect((await login(await dial(endpoint), { password: secret(password) })).method).toBe('HASHEDPASSWORD');
    expect(port!.received.at(-1)?.args).toMatch(/^[0-9a-f]+$/);
  });

  test('NULL where Tor demands nothing, and even then AUTHENTICATE is sent', async () => {
    const { endpoint } = await start({});
    expect((await login(await dial(endpoint))).method).toBe('NULL');
    expect(keywords()).toEqual(['PROTOCOLINFO', 'AUTHENTICATE']);
  });

  test('a cookie is preferred to a password, since it proves Tor to us too', async () => {
    const { endpoint } = await start({ cookie: { file: '/c', bytes: cookie }, password: 'pw' });
    const connection = await dial(endpoint);
    expect((await login(connection, { cookieFiles: holding(cookie), password: secret('pw') })).method).toBe(
      'SAFECOOKIE',
    );
  });

  test('the password serves where the cookie cannot be read', async () => {
    const { endpoint } = await start({ cookie: { file: '/does/not/exist', bytes: cookie }, password: 'pw' });
    expect((await login(await dial(endpoint), { password: secret('pw') })).method).toBe('HASHEDPASSWORD');
  });
});

describe('authentication that fails', () => {
  test('a cookie that cannot be read: which file, why and which group', async () => {
    const { endpoint } = await start({ cookie: { file: '/run/tor/control.authcookie', bytes: cookie } });
    const connection = await dial(endpoint);
    const denied = Object.assign(new Error('permission denied'), { code: 'EACCES' });
    const error = await errorOf(
      login(connection, {
        cookieFiles: { read: () => Promise.reject(denied), groupOf: () => Promise.resolve('debian-tor') },
      }),
    );
    expect(error.code).toBe('control.auth-cookie-unreadable');
    expect(error.what).toContain('/run/tor/control.authcookie');
    expect(error.what).toContain('EACCES');
    expect(error.action).toContain('group debian-tor');
    expect(connection.isOpen).toBe(false);
  });

  test('a cookie file that is missing names the file', async () => {
    const { endpoint } = await start({ cookie: { file: '/does/not/exist', bytes: cookie } });
    expect((await errorOf(login(await dial(endpoint)))).detail).toMatchObject({
      file: '/does/not/exist',
      reason: 'ENOENT',
    });
  });

  test.each([0, 31, 33])('a cookie of %i bytes is never sent', async (size) => {
    const { endpoint } = await start({ cookie: { file: '/c', bytes: cookie } });
    const error = await errorOf(login(await dial(endpoint), { cookieFiles: holding(randomBytes(size)) }));
    expect(error.code).toBe('control.auth-cookie-size');
    expect(keywords()).toEqual(['PROTOCOLINFO']);
  });

  test('a file of another kind is read no further than a cookie', () =>
    withDirectory(async (directory) => {
      const file = join(directory, 'big');
      await writeFile(file, randomBytes(1 << 20));
      const { endpoint } = await start({ cookie: { file, bytes: cookie } });
      expect((await errorOf(login(await dial(endpoint)))).what).toContain('more than 32 bytes');
    }));

  test("another Tor's cookie is refused by the server's proof, before ours is given", async () => {
    const { endpoint } = await start({ cookie: { file: '/c', bytes: cookie } });
    const error = await errorOf(login(await dial(endpoint), { cookieFiles: holding(randomBytes(32)) }));
    expect(error.code).toBe('control.auth-server-hash');
    expect(keywords()).toEqual(['PROTOCOLINFO', 'AUTHCHALLENGE']);
  });

  test('an impostor that does not know the cookie learns nothing', async () => {
    const { endpoint } = await start({ cookie: { file: '/c', bytes: cookie }, impostor: true });
    const connection = await dial(endpoint);
    expect((await errorOf(login(connection, { cookieFiles: holding(cookie) }))).code).toBe(
      'control.auth-server-hash',
    );
    expect(JSON.stringify(port!.received)).not.toContain(cookie.toString('hex'));
    expect(connection.isOpen).toBe(false);
  });

  test('a stale cookie under COOKIE', async () => {
    const { endpoint } = await start({ cookie: { file: '/c', bytes: cookie }, methods: ['COOKIE'] });
    const error = await errorOf(login(await dial(endpoint), { cookieFiles: holding(randomBytes(32)) }));
    expect(error).toMatchObject({ code: 'control.auth-cookie-refused', detail: { file: '/c' } });
  });

  test('a wrong password, which no error repeats', async () => {
    const { endpoint } = await start({ password: 'right' });
    const error = await errorOf(login(await dial(endpoint), { password: secret('wrongwrong') }));
    expect(error.code).toBe('control.auth-password-wrong');
    expect(JSON.stringify(error)).not.toMatch(/wrongwrong|77726f6e67/);
  });

  test('a password is demanded and none is configured', async () => {
    const { endpoint } = await start({ password: 'right' });
    const error = await errorOf(login(await dial(endpoint)));
    expect(error.code).toBe('control.auth-no-method');
    expect(error.what).toBe(
      'no way to authenticate: Tor offers HASHEDPASSWORD, and no control password is configured',
    );
  });

  test('no method in common', async () => {
    const { endpoint } = await start({ methods: ['FUTURE', 'OTHER'] });
    const error = await errorOf(login(await dial(endpoint), { password: secret('x') }));
    expect(error).toMatchObject({ code: 'control.auth-no-method', detail: { offered: 'FUTURE, OTHER' } });
  });

  test('a cookie method without a cookie file', async () => {
    const { endpoint } = await start({ methods: ['SAFECOOKIE'] });
    expect(await errorOf(login(await dial(endpoint)))).toMatchObject({
      code: 'control.protocol',
      detail: { violation: 'cookie-method-without-file' },
    });
  });

  test.each([
    ['a PROTOCOLINFO reply that is none', 'PROTOCOLINFO', '250 OK\r\n', 'malformed-protocolinfo'],
    [
      'an AUTHCHALLENGE reply without values',
      'AUTHCHALLENGE',
      '250 AUTHCHALLENGE\r\n',
      'malformed-authchallenge',
    ],
    ['an answer of another protocol', 'PROTOCOLINFO', 'SSH-2.0-OpenSSH_9.2\r\n', 'malformed-line'],
  ])('%s', async (_, keyword, raw, violation) => {
    const { endpoint, misbehave } = await start({ cookie: { file: '/c', bytes: cookie } });
    misbehave(keyword, { raw });
    expect(await errorOf(login(await dial(endpoint), { cookieFiles: holding(cookie) }))).toMatchObject({
      code: 'control.protocol',
      detail: { violation },
    });
  });

  test('a Tor that hangs up in the middle of it', async () => {
    const { endpoint, misbehave } = await start({ cookie: { file: '/c', bytes: cookie } });
    misbehave('AUTHCHALLENGE', 'close');
    expect((await errorOf(login(await dial(endpoint), { cookieFiles: holding(cookie) }))).code).toBe(
      'control.closed',
    );
  });

  test('a Tor that never answers', async () => {
    const { endpoint, misbehave } = await start({});
    misbehave('PROTOCOLINFO', 'no-answer');
    const connection = await dial(endpoint, { commandDeadlineMs: 50 });
    expect(await errorOf(login(connection))).toMatchObject({
      code: 'control.deadline',
      detail: { command: 'PROTOCOLINFO' },
    });
  });

  test('a command without authentication is refused by name', async () => {
    const { endpoint } = await start({ password: 'x' });
    const connection = await dial(endpoint);
    expect((await connection.send('GETINFO version' as never)).status).toBe(514);
    await connection.closed;
  });
});
