import { describe, expect, it } from 'vitest';
import { parseConfLine } from '@rustbalance/actors/tor/control/conf-line.js';
import { toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import { renewal, servicePlan, type InstanceService } from '@rustbalance/actors/tor/service-lines.js';

const ours: InstanceService = {
  directory: '/var/lib/tor/rustbalance',
  virtualPort: 80,
  proxyListen: 'unix:/run/rustbalance/proxy.sock',
};
const reply = (...lines: string[]) => lines.map((line) => parseConfLine(toWireText(line)));
const text = (lines: readonly { key: string; value: string | null }[]): string[] =>
  lines.map(({ key, value }) => (value === null ? key : `${key}=${value}`));

const OURS = [
  'HiddenServiceDir=/var/lib/tor/rustbalance',
  'HiddenServicePort=80 unix:"/run/rustbalance/proxy.sock"',
  'HiddenServiceOnionBalanceInstance=1',
];
const WIKI = [
  'HiddenServiceDir=/var/lib/tor/wiki',
  'HiddenServicePort=80 127.0.0.1:8080',
  'HiddenServiceMaxStreams=9',
];
const MAIL = ['HiddenServiceDir=/var/lib/tor/mail', 'HiddenServicePort=25 127.0.0.1:25'];

describe('what a Tor needs for our service', () => {
  it('is nothing when it is there', () => {
    expect(servicePlan(reply(...WIKI, ...OURS), ours, true)).toEqual({ kind: 'present' });
  });

  it.each([
    ['a slash after the directory', ['HiddenServiceDir=/var/lib/tor/rustbalance/', ...OURS.slice(1)]],
    [
      'no quotes around the socket',
      [OURS[0]!, 'HiddenServicePort=80 unix:/run/rustbalance/proxy.sock', OURS[2]!],
    ],
    ['more options by the operator', [...OURS, 'HiddenServiceMaxStreams=100']],
    ['options in another case', [OURS[0]!, OURS[1]!, 'hiddenserviceonionbalanceinstance=1']],
  ])('is nothing when it is there with %s', (_, lines) => {
    expect(servicePlan(reply(...lines), ours, true).kind).toBe('present');
  });

  it('is our lines alone on a Tor without services', () => {
    const plan = servicePlan(reply('HiddenServiceOptions'), ours, true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual(OURS);
  });

  it('is every line of the others as it was, then ours', () => {
    const plan = servicePlan(reply(...WIKI, ...MAIL), ours, true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual([...WIKI, ...MAIL, ...OURS]);
  });

  it('is our service as it must be when it is there with a wrong port', () => {
    const wrong = [OURS[0]!, 'HiddenServicePort=80 127.0.0.1:1', OURS[2]!];
    const plan = servicePlan(reply(...wrong, ...WIKI), ours, true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual([...WIKI, ...OURS]);
  });

  it('is named line by line when it may not be set', () => {
    expect(servicePlan(reply(...WIKI), ours, false)).toEqual({
      kind: 'missing',
      lines: [
        'HiddenServiceDir /var/lib/tor/rustbalance',
        'HiddenServicePort 80 unix:"/run/rustbalance/proxy.sock"',
        'HiddenServiceOnionBalanceInstance 1',
      ],
    });
  });

  it('is the one line that is missing when the rest is there', () => {
    expect(servicePlan(reply(OURS[0]!, OURS[1]!), ours, false)).toEqual({
      kind: 'missing',
      lines: ['HiddenServiceOnionBalanceInstance 1'],
    });
  });

  it('is unknown when the answer could not be sent again', () => {
    expect(servicePlan(reply('HiddenServicePort=80', ...WIKI), ours, true).kind).toBe('unreadable');
  });
});

describe('setting our service up anew', () => {
  it('takes it alone out and puts it back as it was', () => {
    const steps = renewal(reply(...WIKI, ...OURS, 'HiddenServiceMaxStreams=7', ...MAIL), ours);
    expect(text(steps?.without ?? [])).toEqual([...WIKI, ...MAIL]);
    expect(text(steps?.with ?? [])).toEqual([...WIKI, ...MAIL, ...OURS, 'HiddenServiceMaxStreams=7']);
  });

  it('empties the list of a Tor that has no other', () => {
    expect(text(renewal(reply(...OURS), ours)?.without ?? [])).toEqual(['HiddenServiceDir']);
  });
});
