import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CircuitStreams } from '@rustbalance/actors/proxy/circuit-streams.js';
import { ofStandby } from '@rustbalance/actors/tor/messages.js';
import { nodeTarget, proxyTo, requestText } from './support/proxy-under-test.js';

const LINE = 'PROXY TCP6 fc00:dead:beef:4dad::0:7 ::1 7 80\r\n';

const answerAt = async (path: string, text: string): Promise<string> => {
  const socket = connect(path);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.write(text);
  await once(socket, 'close');
  return answer;
};

describe('a proxy behind two Tors', () => {
  it('serves the clients of both, and tells circuits of one number apart', async () => {
    const folder = await mkdtemp('/tmp/rb-two-');
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const [first, standby] = [join(folder, 'first'), join(folder, 'standby')];
    const streams = new CircuitStreams();
    const proxy = await proxyTo({
      target: { port: await nodeTarget((_request, response) => response.end('page')) },
      options: {
        listen: { kind: 'unix', path: first },
        standbyListen: { kind: 'unix', path: standby },
        streams,
      },
    });
    proxy.expectCircuits(true);
    const request = `${LINE}${requestText('GET /', 'Connection: close')}`;
    expect(await answerAt(first, request)).toMatch(/^HTTP\/1.1 200.*page$/s);
    expect(await answerAt(standby, request)).toMatch(/^HTTP\/1.1 200.*page$/s);
    expect(streams.view()['circuits']).toMatchObject([{ id: '7' }, { id: ofStandby('7') }]);
  });

  it('takes nobody by either while it is closed, and serves by both again', async () => {
    const folder = await mkdtemp('/tmp/rb-two-');
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const paths = [join(folder, 'first'), join(folder, 'standby')] as const;
    const proxy = await proxyTo({
      target: { port: await nodeTarget((_request, response) => response.end('page')) },
      options: {
        listen: { kind: 'unix', path: paths[0] },
        standbyListen: { kind: 'unix', path: paths[1] },
      },
    });
    const request = requestText('GET /', 'Connection: close');
    await proxy.drain('closed');
    for (const path of paths) await expect(answerAt(path, request)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    await proxy.drain('serving');
    for (const path of paths) expect(await answerAt(path, request)).toMatch(/page$/);
  });
});
