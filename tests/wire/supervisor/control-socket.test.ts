import { once } from 'node:events';
import { chmod, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { CHAOS_MODES } from '@rustbalance/actors/kernel/envelope.js';
import { RbError, errorData, rbError } from '@rustbalance/actors/kernel/errors.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { answerSchemas } from '@rustbalance/supervisor/control-protocol.js';
import type { ControlRequest } from '@rustbalance/supervisor/control-protocol.js';
import { serveControl } from '@rustbalance/supervisor/control-server.js';
import type { ControlServer } from '@rustbalance/supervisor/control-server.js';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { eventually, within } from '../../support/eventually.js';
import { DOCUMENT_MARKS, mutated } from '../../support/mutations.js';
import { INSPECTION, STATUS } from '../cli/fake-daemon.js';

let folder: string;
let path: string;
const servers: ControlServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-control-'));
  path = join(folder, 'control.sock');
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

const serve = async (
  answer: (request: ControlRequest) => Promise<unknown> = () => Promise.resolve({ stopping: true }),
  change: Partial<Parameters<typeof serveControl>[0]> = {},
): Promise<void> => {
  servers.push(await serveControl({ path, clock: systemClock, answer, ...change }));
};

/** Sends raw bytes and reads until the other side closes. */
const raw = async (bytes: string | Uint8Array): Promise<string> => {
  const socket = connect(path);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await within(10_000, 'the server closes', once(socket, 'close'));
  return text;
};

const refusal = async (bytes: string | Uint8Array): Promise<string> => {
  const response = JSON.parse(await raw(bytes)) as { ok: boolean; error?: { code: string; what: string } };
  expect(response.ok).toBe(false);
  expect(response.error?.code).toBe('control-socket.bad-request');
  return response.error?.what ?? '';
};

test('a request is answered, and what was promised is done after the answer has left', async () => {
  let done = '';
  await serve(undefined, { answered: ({ command }) => (done = command) });
  expect(await askDaemon(path, { command: 'stop' })).toEqual({ stopping: true });
  expect(done).toBe('stop');
});

test('what the daemon refuses with reaches the client as it is', async () => {
  await serve(() => Promise.reject(rbError('chaos.disabled', 'chaos.enabled')));
  await expect(askDaemon(path, { command: 'chaos', actor: 'tor', mode: 'exit' })).rejects.toMatchObject({
    code: 'chaos.disabled',
    data: { where: 'chaos.enabled' },
  });
});

test('a client that closes its side after its request still gets the answer', async () => {
  await serve(() => new Promise((resolve) => setTimeout(resolve, 20, { stopping: true })));
  expect(await inPieces(Buffer.from('{"command":"stop"}\n'), 0, true)).toBe(
    '{"ok":true,"answer":{"stopping":true}}\n',
  );
});

test('the socket is for its owner alone', async () => {
  await serve();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each([
  ['not JSON', 'hello\n', 'it is not JSON'],
  ['an unknown command', '{"command":"reboot"}\n', 'command: '],
  ['an unknown actor', '{"command":"chaos","actor":"root","mode":"exit"}\n', 'actor: '],
  ['an unknown mode', '{"command":"chaos","actor":"tor","mode":"nuke"}\n', 'mode: '],
  ['a field too many', '{"command":"stop","now":true}\n', 'it: '],
  ['nothing', '\n', 'it is not JSON'],
  ['a list', '[]\n', 'it: '],
  ['more than 64 KiB', `"${'x'.repeat(70_000)}`, 'longer than 65536 bytes'],
])('%s is refused with what is wrong about it', async (_name, bytes, problem) => {
  await serve(() => Promise.reject(new Error('never reached')));
  expect(await refusal(bytes)).toContain(problem);
});

test('any bytes get an answer or a closed door, and the server goes on', async () => {
  await serve();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      expect(await raw(Uint8Array.of(...bytes, 0x0a))).toMatch(/^\{"ok":false.*\}\n$/);
    }),
    { numRuns: 40 },
  );
  expect(await askDaemon(path, { command: 'stop' })).toEqual({ stopping: true });
});

test('a client that sends nothing is cut off after its time', async () => {
  const clock = new SimulatedClock(0);
  await serve(undefined, { clock });
  const socket = connect(path);
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const closed = once(socket, 'close');
  // The server has its end of the connection only a turn of the loop later.
  while (text === '') await clock.advance(1_000);
  await within(5_000, 'the server closes', closed);
  expect(text).toContain('not complete in time');
});

test('more clients at a time than are served are told so', async () => {
  await serve(() => new Promise(() => undefined));
  const waiting = Array.from({ length: 32 }, () => connect(path));
  for (const socket of waiting) {
    socket.on('error', () => undefined);
    socket.write('{"command":"status"}\n');
  }
  await Promise.all(waiting.map((socket) => socket.connecting && once(socket, 'connect')));
  await expect(askDaemon(path, { command: 'stop' })).rejects.toMatchObject({ code: 'control-socket.busy' });
  for (const socket of waiting) socket.destroy();
});

test.each([
  ['an answer', '{"command":"stop"}\n', '"ok":true'],
  ['an answer that they do not read', '{"command":"status"}\n', null],
  ['a refusal', 'hello\n', 'not JSON'],
  ['a refusal in the middle', 'x'.repeat(70_000), 'longer than'],
  ['a refusal for being late', '{"comm', 'not complete in time'],
])('clients that stay after %s give their places up after 5 s', async (_what, bytes, said) => {
  const clock = new SimulatedClock(0);
  const long = 'x'.repeat(1 << 20);
  await serve(({ command }) => Promise.resolve(command === 'status' ? long : { stopping: true }), { clock });
  let open = 0;
  const staying = Array.from({ length: 32 }, () => {
    const socket = connect({ path, allowHalfOpen: true }, () => open++);
    const heard = { text: '', closed: false };
    if (said !== null) socket.on('data', (chunk: Buffer) => (heard.text += chunk.toString('utf8')));
    socket.on('error', () => undefined);
    socket.once('close', () => (heard.closed = true));
    socket.write(bytes);
    onTestFinished(() => {
      socket.destroy();
    });
    return { socket, heard };
  });
  await eventually('they are connected', () => open === 32, { timeoutMs: 5_000, everyMs: 5 });
  await expect(askDaemon(path, { command: 'stop' })).rejects.toMatchObject({ code: 'control-socket.busy' });
  const served = async (): Promise<boolean> => {
    await clock.advance(1_000);
    return askDaemon(path, { command: 'stop' }).then(
      () => true,
      () => false,
    );
  };
  await eventually('somebody else is served', served, { timeoutMs: 10_000, everyMs: 5 });
  await eventually(
    'they are cut off',
    async () => {
      await clock.advance(1_000);
      // A side that the client left open shows only when it writes.
      for (const { socket } of staying) socket.write('x');
      return staying.every(({ heard }) => heard.closed);
    },
    { timeoutMs: 10_000, everyMs: 5 },
  );
  for (const { heard } of staying) expect(heard.text).toContain(said ?? '');
});

test('a second daemon is refused while the first one answers', async () => {
  await serve();
  await expect(serve()).rejects.toMatchObject({ code: 'control-socket.in-use', data: { where: path } });
  expect(await askDaemon(path, { command: 'stop' })).toEqual({ stopping: true });
});

test('the socket file that a killed daemon left behind is replaced', async () => {
  const stale = createServer();
  await new Promise<void>((resolve) => stale.listen(path, resolve));
  const copy = join(folder, 'kept');
  await rename(path, copy);
  stale.close();
  await once(stale, 'close');
  await rename(copy, path);
  await expect(askDaemon(path, { command: 'stop' })).rejects.toMatchObject({ code: 'daemon.not-running' });
  await serve();
  expect(await askDaemon(path, { command: 'stop' })).toEqual({ stopping: true });
});

test('a file that is no socket is not touched', async () => {
  await writeFile(path, 'precious');
  await expect(serve()).rejects.toMatchObject({ code: 'control-socket.not-a-socket' });
  expect((await stat(path)).size).toBe(8);
});

test('a directory that is not there is named', async () => {
  path = join(folder, 'nowhere', 'control.sock');
  await expect(serve()).rejects.toMatchObject({
    code: 'control-socket.cannot-listen',
    data: { where: path, detail: { reason: expect.stringMatching(/ENOENT|EACCES/) as string } },
  });
});

test('a closed server leaves no file', async () => {
  await serve();
  await servers.pop()?.close();
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a client without a daemon is told to start one', async () => {
  await expect(askDaemon(path, { command: 'status' })).rejects.toMatchObject({
    code: 'daemon.not-running',
    data: { where: path },
  });
});

/** Root may open everything: as root, nobody does it. */
const asNobody = async (act: () => Promise<unknown>): Promise<void> => {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    await act();
  } finally {
    if (root) process.seteuid?.(0);
  }
};

test('a client that may not open the socket is told so', async () => {
  await serve();
  await chmod(folder, 0o755);
  await chmod(path, 0o000);
  await asNobody(() =>
    expect(askDaemon(path, { command: 'status' })).rejects.toMatchObject({ code: 'daemon.permission' }),
  );
});

test('a daemon that does not answer costs the client no more than its deadline', async () => {
  await serve(() => new Promise(() => undefined));
  await expect(askDaemon(path, { command: 'status' }, 50)).rejects.toMatchObject({ code: 'daemon.deadline' });
});

test.each([
  ['no JSON', 'hello\n'],
  ['another shape', '{"fine":true}\n'],
  ['an answer of another command', '{"ok":true,"answer":{"stopping":"no"}}\n'],
  ['half a line and the end', '{"ok":tr'],
])('an answer that is %s is refused by the client', async (_name, bytes) => {
  const other = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(bytes);
  });
  await new Promise<void>((resolve) => other.listen(path, resolve));
  try {
    await expect(askDaemon(path, { command: 'stop' })).rejects.toMatchObject({ code: 'daemon.protocol' });
  } finally {
    other.close();
  }
});

/** Every request that there is. */
const REQUESTS: readonly ControlRequest[] = [
  { command: 'status' },
  { command: 'stop' },
  ...[null, ...ACTOR_NAMES].map((actor) => ({ command: 'inspect' as const, actor })),
  ...ACTOR_NAMES.flatMap((actor) => CHAOS_MODES.map((mode) => ({ command: 'chaos' as const, actor, mode }))),
];

const jsonOf = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
};

/** Sends bytes in two pieces and its end, or waits after them; what was answered by the close of the other side. */
const inPieces = async (bytes: Buffer, cut: number, ends: boolean): Promise<string> => {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on('end', () => socket.end());
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  socket.on('error', () => undefined);
  const at = cut % (bytes.length + 1);
  socket.write(bytes.subarray(0, at), () => {
    // Without the end of a line there is nothing to wait for.
    if (ends || !bytes.includes(0x0a)) socket.end(bytes.subarray(at));
    else socket.write(bytes.subarray(at));
  });
  await within(10_000, 'the server closes', once(socket, 'close'));
  return text;
};

test('of mutated requests the server obeys only those that are still requests, and refuses the others by name', async () => {
  const obeyed: unknown[] = [];
  await serve((request) => {
    obeyed.push(request);
    return Promise.resolve({ done: true });
  });
  const seeds = REQUESTS.map((request) => `${JSON.stringify(request)}\n`);
  await fc.assert(
    fc.asyncProperty(mutated(seeds, DOCUMENT_MARKS), fc.nat(100), fc.boolean(), async (bytes, cut, ends) => {
      obeyed.splice(0);
      const text = await inPieces(bytes, cut, ends);
      const end = bytes.indexOf(0x0a);
      if (end === -1) {
        expect([text, obeyed]).toEqual(['', []]);
        return;
      }
      const asked = jsonOf(bytes.subarray(0, end));
      const request = REQUESTS.find((known) => isDeepStrictEqual(known, asked));
      expect(obeyed).toEqual(request === undefined ? [] : [request]);
      expect(text).toMatch(/^[^\n]*\n$/);
      expect(JSON.parse(text)).toMatchObject(
        request === undefined
          ? { ok: false, error: { code: 'control-socket.bad-request' } }
          : { ok: true, answer: { done: true } },
      );
    }),
    { numRuns: 300 },
  );
});

const FAILURE = errorData('chaos.disabled', 'chaos.enabled', { actor: 'tor' });
const ANSWERS = [
  ['status', { command: 'status' }, { ok: true, answer: STATUS }],
  ['inspect', { command: 'inspect', actor: null }, { ok: true, answer: INSPECTION }],
  [
    'chaos',
    { command: 'chaos', actor: 'tor', mode: 'exit' },
    { ok: true, answer: { actor: 'tor', generation: 2 } },
  ],
  ['stop', { command: 'stop' }, { ok: true, answer: { stopping: true } }],
  ['stop, a refusal', { command: 'stop' }, { ok: false, error: FAILURE }],
] as const satisfies readonly (readonly [string, ControlRequest, unknown])[];

/** A server that says the current bytes in two pieces to whoever asks, and then hangs up or is silent. */
const babbler = async (): Promise<(bytes: Buffer, cut: number, ends: boolean) => void> => {
  let speak: (socket: Socket) => void = () => undefined;
  const open = new Set<Socket>();
  const other = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      speak(socket);
    });
  });
  onTestFinished(() => {
    other.close();
    for (const socket of open) socket.destroy();
  });
  await new Promise<void>((resolve) => other.listen(path, resolve));
  return (bytes, cut, ends) => {
    const at = cut % (bytes.length + 1);
    speak = (socket) => {
      socket.write(bytes.subarray(0, at), () => {
        if (ends) socket.end(bytes.subarray(at));
        else socket.write(bytes.subarray(at));
      });
    };
  };
};

test.each(ANSWERS)(
  'a mutated answer reaches the caller whole, or as an error, and never late: %s',
  async (_name, request, answer) => {
    const say = await babbler();
    await fc.assert(
      fc.asyncProperty(
        mutated([`${JSON.stringify(answer)}\n`], DOCUMENT_MARKS),
        fc.nat(10_000),
        fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
        async (bytes, cut, ends) => {
          say(bytes, cut, ends);
          const asked = askDaemon(path, request, ends ? 5_000 : 50).catch((error: unknown) => error);
          const heard = await within(10_000, 'a result', asked);
          const said = jsonOf(bytes);
          if (heard instanceof Error) {
            expect(heard).toBeInstanceOf(RbError);
            const { data } = heard as RbError;
            const refusal = (said as { error?: { code?: unknown } } | undefined)?.error;
            if (refusal?.code === data.code) {
              expect(refusal).toMatchObject(data);
              return;
            }
            expect(data.code).toMatch(ends ? /^daemon\.protocol$/ : /^daemon\.(protocol|deadline)$/);
            expect(data.where).toBe(path);
            expect(data.what.length).toBeLessThan(500);
          } else {
            expect(answerSchemas[request.command].parse(heard)).toEqual(heard);
            expect((said as { answer: unknown }).answer).toMatchObject(heard as object);
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
    say(Buffer.from(`${JSON.stringify(answer)}\n`), 0, true);
    const heard = await askDaemon(path, request).catch((error: unknown) => error);
    expect(answer.ok ? heard : (heard as RbError).data).toEqual(answer.ok ? answer.answer : answer.error);
  },
);
