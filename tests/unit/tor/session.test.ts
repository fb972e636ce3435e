import { describe, expect, it } from 'vitest';
import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { ControlConnection } from '@rustbalance/actors/tor/control/connection.js';
import type { HsDescEvent } from '@rustbalance/actors/tor/control/hs-desc-event.js';
import type { ControlMessage } from '@rustbalance/actors/tor/control/reply-parser.js';
import { toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { TorSession, type SessionListener } from '@rustbalance/actors/tor/session.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const ADDRESS = 'a'.repeat(56) as OnionAddress;
const HSDIR = 'B'.repeat(40) as RelayFingerprint;
const nothing = (): undefined => undefined;
const silentLog = { error: nothing, warn: nothing, info: nothing, debug: nothing };

const message = (kind: ControlMessage['kind'], status: number, ...texts: string[]): ControlMessage => ({
  kind,
  status,
  lines: texts.map((text) => ({ status, text: toWireText(text), data: null })),
});

/** A Tor that answers each command with `reply`; events are said by hand. */
const sessionWith = (reply: (command: string) => ControlMessage | Promise<ControlMessage>) => {
  let listen: (event: ControlMessage) => void = () => undefined;
  let isOpen = true;
  const connection: ControlConnection = {
    where: 'test',
    get isOpen() {
      return isOpen;
    },
    send: (line) => Promise.resolve(reply(line)),
    onEvent: (listener) => {
      listen = listener;
      return () => undefined;
    },
    closed: new Promise(() => undefined),
    close: () => {
      isOpen = false;
    },
  };
  const answers: HsDescEvent[] = [];
  const said: string[] = [];
  const listener: SessionListener = {
    circuit: nothing,
    descriptor: nothing,
    uploadAnswer: (event) => void answers.push(event),
    consensus: nothing,
    configuration: nothing,
    bootstrap: nothing,
    clockSkew: nothing,
    doubted: (isDoubted) => void said.push(isDoubted ? 'doubted' : 'answers'),
    lost: ({ code }) => void said.push(code),
  };
  const clock = new SimulatedClock(0);
  const session = new TorSession(connection, clock, silentLog, listener);
  return {
    clock,
    session,
    connection,
    answers,
    said,
    say: (text: string) => listen(message('event', 650, text)),
  };
};

const agreeable = (command: string): ControlMessage => {
  if (command.startsWith('GETINFO process/uid')) return message('reply', 250, 'process/uid=0', 'OK');
  if (command.startsWith('GETINFO process/pid')) return message('reply', 250, 'process/pid=4711', 'OK');
  if (command.startsWith('GETINFO'))
    return message(
      'reply',
      250,
      'version=0.4.9.11',
      'status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"',
      'circuit-status=',
      'OK',
    );
  return message('reply', 250, 'OK');
};

describe('a session', () => {
  it('takes for answers to uploads only what an upload can be answered with', async () => {
    const { session, answers, say } = sessionWith(agreeable);
    await session.begin();
    await session.upload(ADDRESS, 'descriptor\n', [HSDIR]);
    const failed = (reason: string) =>
      say(`HS_DESC FAILED ${ADDRESS} NO_AUTH $${HSDIR}~name someid REASON=${reason}`);
    for (const reason of ['NOT_FOUND', 'BAD_DESC', 'QUERY_REJECTED', 'QUERY_NO_HSDIR', 'QUERY_RATE_LIMITED'])
      failed(reason);
    expect(answers).toEqual([]);
    failed('UPLOAD_REJECTED');
    failed('UNEXPECTED');
    say(`HS_DESC UPLOADED ${ADDRESS} UNKNOWN $${HSDIR}~name`);
    expect(answers.map(({ action, reason }) => reason ?? action)).toEqual([
      'UPLOAD_REJECTED',
      'UNEXPECTED',
      'UPLOADED',
    ]);
  });

  it('that Tor refuses a command of at its beginning leaves no connection behind', async () => {
    const { session, connection } = sessionWith((command) =>
      command.startsWith('SETEVENTS') ? message('reply', 552, 'Unrecognized event') : agreeable(command),
    );
    await expect(session.begin()).rejects.toThrow();
    expect(connection.isOpen).toBe(false);
  });

  it('says when Tor has stopped answering, when it answers after all, and when it never does', async () => {
    const held: (() => void)[] = [];
    let isHanging = false;
    const { clock, session, said } = sessionWith((command) =>
      isHanging ? new Promise((resolve) => held.push(() => resolve(agreeable(command)))) : agreeable(command),
    );
    await session.begin();
    const trigger = startLevelTrigger(clock, (nowMs) => session.step(nowMs));
    trigger.poke();
    await clock.advance(2_000);
    isHanging = true;
    await clock.advance(4_600);
    expect(said).toEqual(['doubted']);
    isHanging = false;
    for (const answer of held.splice(0)) answer();
    await clock.advance(10);
    expect(said).toEqual(['doubted', 'answers']);
    isHanging = true;
    await clock.advance(8_000);
    expect(said).toEqual(['doubted', 'answers', 'doubted', 'control.deadline']);
    trigger.stop();
  });
});
