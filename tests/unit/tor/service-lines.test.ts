import { describe, expect, it } from 'vitest';
import { parseConfLine } from '@rustbalance/actors/tor/control/conf-line.js';
import { toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import {
  renewal,
  sameAgain,
  servicePlan,
  type OnionService,
  type ServicePlan,
} from '@rustbalance/actors/tor/service-lines.js';

const ours: OnionService = {
  directory: '/var/lib/tor/rustbalance',
  ports: [{ virtual: 80, target: 'unix:/run/rustbalance/proxy.sock' }],
  isInstance: true,
};
const coordination: OnionService = {
  directory: '/var/lib/tor/coordination',
  ports: [
    { virtual: 7001, target: 'unix:/run/rustbalance/datagrams.sock' },
    { virtual: 7002, target: 'unix:/run/rustbalance/join.sock' },
  ],
  isInstance: false,
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
const COORDINATION = [
  'HiddenServiceDir=/var/lib/tor/coordination',
  'HiddenServicePort=7001 unix:"/run/rustbalance/datagrams.sock"',
  'HiddenServicePort=7002 unix:"/run/rustbalance/join.sock"',
];
const MAIL = ['HiddenServiceDir=/var/lib/tor/mail', 'HiddenServicePort=25 127.0.0.1:25'];

/** With the instance's service alone. */
const planFor = (lines: ReturnType<typeof reply>, maySet: boolean): ServicePlan =>
  servicePlan(lines, { served: [ours], absent: [] }, maySet);

describe('what a Tor needs for our service', () => {
  it('is nothing when it is there', () => {
    expect(planFor(reply(...WIKI, ...OURS), true)).toEqual({ kind: 'present' });
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
    expect(planFor(reply(...lines), true).kind).toBe('present');
  });

  it('is our lines alone on a Tor without services', () => {
    const plan = planFor(reply('HiddenServiceOptions'), true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual(OURS);
  });

  it('is every line of the others as it was, then ours', () => {
    const plan = planFor(reply(...WIKI, ...MAIL), true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual([...WIKI, ...MAIL, ...OURS]);
  });

  it('is our service as it must be when it is there with a wrong port', () => {
    const wrong = [OURS[0]!, 'HiddenServicePort=80 127.0.0.1:1', OURS[2]!];
    const plan = planFor(reply(...wrong, ...WIKI), true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual([...WIKI, ...OURS]);
  });

  it('is named line by line when it may not be set', () => {
    expect(planFor(reply(...WIKI), false)).toEqual({
      kind: 'missing',
      services: [
        {
          directory: ours.directory,
          lines: [
            'HiddenServiceDir /var/lib/tor/rustbalance',
            'HiddenServicePort 80 unix:"/run/rustbalance/proxy.sock"',
            'HiddenServiceOnionBalanceInstance 1',
          ],
        },
      ],
    });
  });

  it('is the one line that is missing when the rest is there', () => {
    expect(planFor(reply(OURS[0]!, OURS[1]!), false)).toEqual({
      kind: 'missing',
      services: [{ directory: ours.directory, lines: ['HiddenServiceOnionBalanceInstance 1'] }],
    });
  });

  it('is unknown when the answer could not be sent again', () => {
    expect(planFor(reply('HiddenServicePort=80', ...WIKI), true).kind).toBe('unreadable');
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

describe('what a Tor needs for both of our services', () => {
  const both = { served: [coordination, ours], absent: [] };

  it('is nothing when both are there, in whatever order', () => {
    expect(servicePlan(reply(...OURS, ...WIKI, ...COORDINATION), both, true)).toEqual({ kind: 'present' });
  });

  it("is the one that is missing, the other as it is with the operator's lines", () => {
    const plan = servicePlan(reply(...WIKI, ...OURS, 'HiddenServiceMaxStreams=7'), both, true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual([
      ...WIKI,
      ...COORDINATION,
      ...OURS,
      'HiddenServiceMaxStreams=7',
    ]);
    expect(plan).toMatchObject({ added: [coordination.directory], others: 1 });
  });

  it('is to take out the one that is not wanted any more, and no other', () => {
    const wanted = { served: [ours], absent: [coordination.directory] };
    const plan = servicePlan(reply(...COORDINATION, ...WIKI, ...OURS), wanted, true);
    expect(plan.kind === 'set' ? text(plan.lines) : plan).toEqual([...WIKI, ...OURS]);
    expect(plan).toMatchObject({ added: [], others: 1 });
  });

  it('is said of the one that it concerns where nothing may be set', () => {
    expect(servicePlan(reply(...OURS, COORDINATION[0]!, COORDINATION[1]!), both, false)).toEqual({
      kind: 'missing',
      services: [
        {
          directory: coordination.directory,
          lines: ['HiddenServicePort 7002 unix:"/run/rustbalance/join.sock"'],
        },
      ],
    });
    const wanted = { served: [ours], absent: [coordination.directory] };
    expect(servicePlan(reply(...OURS, ...COORDINATION), wanted, false)).toEqual({
      kind: 'missing',
      services: [{ directory: coordination.directory, lines: [] }],
    });
  });

  it('leaves one alone of which nobody has said anything', () => {
    expect(servicePlan(reply(...OURS, ...COORDINATION), { served: [ours], absent: [] }, true)).toEqual({
      kind: 'present',
    });
  });

  it('is the same again, to have files read', () => {
    expect(text(sameAgain(reply(...COORDINATION, ...OURS)) ?? [])).toEqual([...COORDINATION, ...OURS]);
  });
});
