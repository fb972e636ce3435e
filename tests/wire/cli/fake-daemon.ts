import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** What stands at the control socket instead of a daemon. */
export interface FakeDaemon {
  /** The requests that came, parsed. */
  readonly requests: unknown[];
  close(): Promise<void>;
}

/** @param answer what to write for a request: a line with its line end, or anything else to break the protocol */
export const startFakeDaemon = (
  path: string,
  answer: (request: unknown, socket: Socket) => void,
): Promise<FakeDaemon> => {
  const requests: unknown[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
      if (!text.endsWith('\n')) return;
      const request: unknown = JSON.parse(text);
      requests.push(request);
      answer(request, socket);
    });
  });
  return new Promise((resolve) => {
    server.listen(path, () => {
      resolve({
        requests,
        close: () =>
          new Promise((closed) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => {
              closed();
            });
          }),
      });
    });
  });
};

export const say =
  (answer: unknown) =>
  (_request: unknown, socket: Socket): void => {
    socket.end(`${JSON.stringify({ ok: true, answer })}\n`);
  };

/** A status as a publisher of two nodes gives it. */
export const STATUS = {
  node: { id: 'alpha', role: 'publisher', priority: 1, mode: 'multi', uptime_secs: 4000, draining: 'no' },
  drain: null,
  drain_failed: false,
  publisher: 'alpha',
  peers: [
    {
      id: 'beta',
      lifecycle: 'healthy',
      role: 'standby',
      priority: 2,
      last_seen_secs: 0.4,
      transport: 'direct',
      round_trip_ms: 12.4,
      clock_offset_secs: -0.5,
      intro_points: 3,
      draining: 'no',
    },
    {
      id: 'gamma',
      lifecycle: 'dead',
      role: 'standby',
      priority: 3,
      last_seen_secs: null,
      transport: null,
      round_trip_ms: null,
      clock_offset_secs: null,
      intro_points: 0,
      draining: 'no',
    },
  ],
  tor: {
    state: 'up',
    version: '0.4.9.11',
    bootstrap: 100,
    last_error: null,
    redundancy: { in_use: 'first', other: { state: 'up', bootstrap: 100, deaths: 0, last_error: null } },
  },
  target: { healthy: true },
  targets: [
    { state: 'well', failures: 0, reason: null, checked_at: '2026-01-01T00:00:00.000Z', outstanding: 1 },
    { state: 'down', failures: 3, reason: 'ECONNREFUSED', checked_at: null, outstanding: 0 },
  ],
  canary: {
    state: 'failing',
    failures: 2,
    step: 'introduction',
    reason: 'refused',
    node: null,
    took_secs: null,
    checked_at: '2026-01-01T00:00:00.000Z',
  },
  proxy: { state: 'listening', drain: 'finishing', open_connections: 4 },
  publishing: { state: 'degraded', reason: 'an HSDir refuses' },
  descriptors: [
    {
      which: 'first',
      time_period: 20_500,
      revision_counter: '123456789012345678901',
      intro_points: 6,
      nodes: [
        { id: 'alpha', intro_points: 3 },
        { id: 'beta', intro_points: 3 },
      ],
      published_at: '2026-01-01T00:00:00.000Z',
      hsdirs: [
        { fingerprint: 'A'.repeat(40), status: 'accepted', reason: null },
        { fingerprint: 'B'.repeat(40), status: 'rejected', reason: 'UPLOAD_REJECTED' },
        { fingerprint: 'C'.repeat(40), status: 'pending', reason: null },
      ],
    },
  ],
  findings: [
    {
      error: {
        code: 'health.peer-dead',
        what: 'the peer gamma is dead',
        where: 'peer gamma',
        action: 'See to that machine.',
        detail: {},
      },
      since: '2026-01-01T00:00:00.000Z',
    },
  ],
  ready: true,
} as const;

const ACTOR = {
  state: 'up',
  generation: 2,
  restarts: 1,
  uptime_secs: 12,
  mailbox: 0,
  elu: 0.015,
  loop_delay_p99_ms: 11.2,
  heap_used_bytes: 9_437_184,
  last_error: {
    code: 'actor.crashed',
    what: 'the tor actor failed: chaos',
    where: 'tor',
    action: 'Nothing, if it happened once.',
    detail: {},
  },
  context: { endpoint: 'unix:/run/x' },
  history: [{ generation: 1, ended_at: '2026-01-01T00:00:00.000Z', uptime_secs: 3, error: null }],
} as const;

export const INSPECTION = {
  supervisor: {
    pid: 4711,
    uptime_secs: 15,
    rss_bytes: 209_715_200,
    phase: 'running',
    heap_used_bytes: 1,
    elu: 0.01,
  },
  actors: { tor: ACTOR },
  children: [{ id: 'tor', pid: 4712, running: true, started_at: '2026-01-01T00:00:00.000Z' }],
} as const;
