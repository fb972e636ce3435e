import { expect, it, describe } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { MASTER, MASTER_URL, nodeTarget, proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

describe('a request and its response', () => {
  it('go through with the Host of the target, and the connection stays open on both sides', async () => {
    const target = await sayingTarget(okay('hello', 'X-A: b'));
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send(requestText('GET /a?b=c', 'X-Mine: 1')).hears('hello');
    await client.send(requestText('GET /second')).hears(/hello.*hello/s);
    expect(target.requests).toEqual([
      `GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:${String(target.port)}\r\nX-Mine: 1`,
      `GET /second HTTP/1.1\r\nHost: 127.0.0.1:${String(target.port)}`,
    ]);
    expect(target.connections()).toBe(1);
    expect(client.heard.startsWith('HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello')).toBe(true);
    expect(client.ended).toBe(false);
  });

  it('sent ahead on one connection are answered in their order', async () => {
    const target = await scriptedTarget((socket, head) => {
      const path = head.split(' ')[1] ?? '';
      // The first answer is the slowest.
      setTimeout(() => socket.write(okay(`<${path}>`)), path === '/1' ? 60 : 5);
    });
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    client.send(['/1', '/2', '/3', '/4'].map((path) => requestText(`GET ${path}`)).join(''));
    const heard = await client.hears('</4>');
    expect(heard.match(/<\/\d>/g)).toEqual(['</1>', '</2>', '</3>', '</4>']);
  });

  it('sent ahead behind a body are not taken for a part of it', async () => {
    const port = await nodeTarget((request, response) => {
      request
        .setEncoding('latin1')
        .toArray()
        .then(
          (parts) => response.end(`<${request.url ?? ''}:${parts.join('')}>`),
          () => undefined,
        );
    });
    const { listen } = await proxyTo({ target: { port } });
    const client = rawClient(listen).send(
      `${requestText('POST /1', 'Content-Length: 3')}abc${requestText('POST /2', 'Transfer-Encoding: chunked')}2\r\nde\r\n0\r\n\r\n${requestText('GET /3')}`,
    );
    const heard = await client.hears('</3:>');
    expect(heard.match(/<\/\d:\w*>/g)).toEqual(['</1:abc>', '</2:de>', '</3:>']);
  });

  it('a client that sends without end ahead of its answers is not read further', async () => {
    const target = await scriptedTarget(() => undefined);
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen).send(requestText('GET /'));
    const one = requestText('GET /ahead', `X: ${'x'.repeat(1000)}`);
    for (let i = 0; i < 20_000; i++) client.send(one);
    let last = -1;
    const reads = (): boolean => proxy.traffic.bytesIn !== last && ((last = proxy.traffic.bytesIn), true);
    await eventually('the proxy stops to read', () => target.requests.length === 1 && !reads(), {
      timeoutMs: 10_000,
      everyMs: 200,
    });
    expect(client.socket.writableLength).toBeGreaterThan(1_000_000);
    const before = proxy.traffic.bytesIn;
    await rawClient(proxy.listen).send('x y\r\n\r\n').closed();
    expect(proxy.traffic.bytesIn - before).toBeLessThan(100);
    expect(before).toBeLessThan(1_000_000);
  });
});

describe('what ends a response', () => {
  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n', 'Content-Length: 5000'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', '204 No Content'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n', 'Content-Length: 5000'],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'Content-Length: 0'],
  ])('%s answered with %j has no body, and the next request follows', async (method, answer, shown) => {
    const target = await scriptedTarget((socket, head) =>
      socket.write(head.includes('/next') ? okay('next') : answer),
    );
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen).send(requestText(`${method} /`) + requestText('GET /next'));
    const heard = await client.hears('next');
    expect(heard).toContain(shown);
    expect(heard.indexOf('HTTP/1.1 200 OK\r\nContent-Length: 4')).toBe(heard.indexOf('\r\n\r\n') + 4);
    expect(target.connections()).toBe(1);
  });

  it('a chunked response is chunked for the client, extensions dropped and trailers kept', async () => {
    const target = await sayingTarget(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n\r\n5;x=y\r\nhello\r\n0006\r\n world\r\n0\r\nDigest: d\r\nHost: evil\r\n\r\n',
    );
    const { listen } = await proxyTo({ target });
    expect(await rawClient(listen).send(requestText('GET /')).hears('\r\n\r\n5')).toBeTruthy();
    const heard = await rawClient(listen)
      .send(requestText('GET /'))
      .hears(/\r\n0\r\n.*\r\n\r\n$/s);
    expect(heard).toBe(
      'HTTP/1.1 200 OK\r\nTrailer: Digest\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nDigest: d\r\n\r\n',
    );
  });

  it('a response until the close of the connection is chunked for the client, who keeps his connection', async () => {
    const target = await sayingTarget('HTTP/1.0 200 OK\r\n\r\nall of it', true);
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    const heard = await client.send(requestText('GET /')).hears('0\r\n\r\n');
    expect(heard).toBe('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n');
    await client.send(requestText('GET /')).hears(/0\r\n\r\n.*0\r\n\r\n/s);
    expect(target.connections()).toBe(2);
  });

  it('an HTTP/1.0 client gets no chunks but a close', async () => {
    const target = await sayingTarget(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    const { listen } = await proxyTo({ target });
    expect(await sayAndListen(listen, 'GET / HTTP/1.0\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello',
    );
  });

  it('an HTTP/1.0 client that asks for it keeps its connection', async () => {
    const target = await sayingTarget(okay('hello'));
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').hears('Connection: keep-alive');
    await client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').hears(/hello.*hello/s);
  });

  it('a client that asks for a close gets one', async () => {
    const target = await sayingTarget(okay('hello'));
    const { listen } = await proxyTo({ target });
    const heard = await sayAndListen(listen, requestText('GET /', 'Connection: close'));
    expect(heard).toContain('Connection: close');
    expect(heard.endsWith('hello')).toBe(true);
    expect(target.requests[0]).not.toContain('close');
  });

  it('a client that closes its own side after the request still gets its answer', async () => {
    const target = await scriptedTarget((socket) => setTimeout(() => socket.write(okay('late')), 50));
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    client.socket.end(requestText('GET /'));
    expect(await client.closed()).toContain('late');
  });
});

describe('the body of a request', () => {
  it.each([
    ['of known length', ['Content-Length: 5'], 'hello', 'Content-Length: 5\r\n\r\nhello'],
    [
      'in chunks',
      ['Transfer-Encoding: chunked'],
      '2;x\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
    ],
    [
      'in chunks with trailers',
      ['Transfer-Encoding: chunked', 'Trailer: Digest'],
      '5\r\nhello\r\n0\r\nDigest: d\r\nContent-Length: 9\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nDigest: d\r\n\r\n',
    ],
  ])('%s goes through', async (_, fields, body, seen) => {
    const target = await sayingTarget(okay('got it'));
    const { listen } = await proxyTo({ target });
    await rawClient(listen)
      .send(requestText('POST /', ...fields) + body)
      .hears('got it');
    await eventually('the whole body', () => target.received[0]?.endsWith(seen), {
      timeoutMs: 5000,
      everyMs: 5,
    });
  });

  it('waits for 100 Continue, which comes from the target', async () => {
    const port = await nodeTarget((request, response) => {
      request.pipe(response);
    });
    const { listen } = await proxyTo({ target: { port } });
    const client = rawClient(listen).send(requestText('POST /', 'Expect: 100-continue', 'Content-Length: 4'));
    expect(await client.hears('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    await client.send('body').hears(/200 OK.*body/s);
  });

  it('that the target does not want is not waited for, and the connection ends', async () => {
    const target = await sayingTarget('HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno');
    const { listen } = await proxyTo({ target });
    const heard = await sayAndListen(
      listen,
      requestText('POST /', 'Expect: 100-continue', 'Content-Length: 4000000'),
    );
    expect(heard).toMatch(/^HTTP\/1\.1 413 Too Much\r\n.*Connection: close\r\n\r\nno$/s);
    await eventually('the connection to the target is closed', () => target.openConnections() === 0, {
      timeoutMs: 4000,
    });
  });

  it('may be answered while it is still under way', async () => {
    const port = await nodeTarget((request, response) => {
      response.flushHeaders();
      request.pipe(response);
    });
    const { listen } = await proxyTo({ target: { port } });
    const client = rawClient(listen).send(requestText('POST /', 'Transfer-Encoding: chunked'));
    await client.hears('200 OK');
    await client.send('3\r\none\r\n').hears('one');
    await client.send('3\r\ntwo\r\n').hears('two');
    await client.send('0\r\n\r\n').hears(/\r\n0\r\n\r\n$/);
  });
});

describe('interim responses', () => {
  it('reach the client, with their fields moved', async () => {
    const target = await scriptedTarget((socket) => {
      socket.write(
        `HTTP/1.1 103 Early Hints\r\nLink: <http://127.0.0.1:${String(target.port)}/a.css>\r\n\r\n${okay('done')}`,
      );
    });
    const { listen } = await proxyTo({ target });
    const heard = await rawClient(listen).send(requestText('GET /')).hears('done');
    expect(heard).toMatch(
      new RegExp(`^HTTP/1\\.1 103 Early Hints\r\nLink: <${MASTER_URL}/a.css>\r\n\r\nHTTP/1\\.1 200 OK`),
    );
  });

  it('do not reach an HTTP/1.0 client, which does not know them', async () => {
    const target = await sayingTarget(`HTTP/1.1 102 Processing\r\n\r\n${okay('done')}`);
    const { listen } = await proxyTo({ target });
    expect(await sayAndListen(listen, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK/);
  });
});

describe('names', () => {
  it('of the target become the master address on the way back, and the reverse on the way there', async () => {
    let seen: Record<string, unknown> = {};
    const port = await nodeTarget((request, response) => {
      const self = `http://${request.headers.host ?? ''}`;
      seen = request.headers;
      response
        .writeHead(302, {
          Location: `${self}/next`,
          'Set-Cookie': ['a=1; Domain=127.0.0.1; Path=/', 'b=2'],
          'Access-Control-Allow-Origin': self,
          'Content-Security-Policy': `default-src ${self} 'self'`,
        })
        .end();
    });
    const { listen } = await proxyTo({ target: { port } });
    const heard = await rawClient(listen)
      .send(requestText('GET /', `Origin: ${MASTER_URL}`, `Referer: ${MASTER_URL}/before?x`))
      .hears('\r\n\r\n');
    const self = `http://127.0.0.1:${String(port)}`;
    expect(seen).toMatchObject({
      host: `127.0.0.1:${String(port)}`,
      origin: self,
      referer: `${self}/before?x`,
    });
    expect(heard).toContain(`Location: ${MASTER_URL}/next\r\n`);
    expect(heard).toContain(`Set-Cookie: a=1; Domain=${MASTER}; Path=/\r\nSet-Cookie: b=2\r\n`);
    expect(heard).toContain(`Access-Control-Allow-Origin: ${MASTER_URL}\r\n`);
    expect(heard).toContain(`Content-Security-Policy: default-src ${MASTER_URL} 'self'\r\n`);
    expect(heard).not.toContain('127.0.0.1');
  });
});
