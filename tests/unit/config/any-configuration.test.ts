import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configSections } from '@rustbalance/actors/kernel/config/config-keys.js';
import { crossCheck } from '@rustbalance/actors/kernel/config/cross-checks.js';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import { parseOverride } from '@rustbalance/actors/kernel/config/overrides.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { parseTargets } from '@rustbalance/actors/kernel/config/target.js';
import { CATALOGUE } from '@rustbalance/actors/kernel/error-catalogue.js';
import { type ErrorData, errorData } from '@rustbalance/actors/kernel/errors.js';
import { DOCUMENT_MARKS, mutated } from '../../support/mutations.js';
import { ADDRESS, KEY_A, KEY_B, MINIMAL, PEER } from './minimal.js';

/** No piece of them of more than three characters is a bare word of TOML, which an error may name as a key. */
const SECRETS = ['7Kq$x/L+4nT!zz9%W:uu8', 'p4$Rz!0v/hh2+Qe^m1(Yt'];
/** A password that somebody forgot to quote. */
const NUMBER_SECRET = '731826450912';
const PIECES = SECRETS.flatMap((secret) =>
  Array.from({ length: secret.length - 4 }, (_, at) => secret.slice(at, at + 5)),
);

const file = readFileSync(new URL('../../../ops/config.example.toml', import.meta.url), 'utf8');
/** Every key with its default, without the explanations, and with both secrets. */
const EVERY_KEY = file
  .replaceAll(/^#(?=[a-z[])/gm, '')
  .replaceAll(/^#.*\n|^\n/gm, '')
  .replace('cluster_token = ""', `cluster_token = "${SECRETS[0] ?? ''}"`)
  .replace('control_password = ""', `control_password = "${SECRETS[1] ?? ''}"`)
  .replace('[direct]\nlisten = ""', '[direct]\nlisten = "10.0.0.1:7001"');
const CLUSTER = `${MINIMAL}[coordination]\ncluster_token = '${SECRETS[0] ?? ''}'
[tor]\ncontrol_password = """${SECRETS[1] ?? ''}"""\nextra_torrc = ["SocksPort 0", 'Log notice stderr']
[direct]\nlisten = "10.0.0.1:7001"${PEER('beta', '10.0.0.2:7001', KEY_A)}${PEER('gamma', '[::1]:7001', KEY_B)}`;

const WHERE = /^c\.toml(?::(\d+)(?::\d+)?)?$|^--set(?: [\w?-]+(?:\.[\w?-]+)?)?$/;

/** What an operator is owed of every problem: a known code, a place in the file, an action, and no secret. */
const expectSound = (problems: readonly ErrorData[], lines: number): void => {
  expect(problems.length).toBeGreaterThan(0);
  for (const { code, what, where, action, detail } of problems) {
    const place = WHERE.exec(where);
    expect(place, where).not.toBeNull();
    expect(Number(place?.[1] ?? 1)).toBeGreaterThan(0);
    expect(Number(place?.[1] ?? 1)).toBeLessThanOrEqual(lines);
    expect(action).not.toBe('');
    expect(errorData(code, where, detail)).toEqual({ code, what, where, action, detail });
    for (const [, name = ''] of `${CATALOGUE[code].what}${CATALOGUE[code].action}`.matchAll(/\{(\w+)\}/g)) {
      expect(detail, `${code} needs ${name}`).toHaveProperty(name);
    }
    expect(what.length + action.length).toBeLessThan(1000);
  }
  const said = JSON.stringify(problems);
  expect([...PIECES, NUMBER_SECRET].filter((piece) => said.includes(piece))).toEqual([]);
};

/** Either a configuration that every check accepts, or sound problems. @returns whether it was accepted */
const expectJudged = (text: string, sets: readonly string[] = []): boolean => {
  const outcome = parseConfig(text, 'c.toml', sets);
  if (!outcome.ok) {
    expectSound(outcome.problems, text.split('\n').length);
    return false;
  }
  expect(configSchema.parse(outcome.config)).toEqual(outcome.config);
  expect(crossCheck(outcome.config)).toEqual([]);
  return true;
};

const keys = configSections().flatMap((section) => section.keys);
const isSecret = (path: string): boolean => /password$|token$/.test(path);

/** A text as TOML writes it: what JSON escapes, TOML does too, and DEL besides. */
const quoted = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');
/** UTF-16 whatever: control characters, other alphabets, halves of surrogate pairs. */
const anyTextArb = fc.uint16Array({ maxLength: 12 }).map((units) => String.fromCharCode(...units));
const wordArb = fc.oneof(
  fc.constantFrom(
    '',
    '/t',
    'tor',
    'direct',
    'raw',
    '127.0.0.1:80',
    'unix:/s',
    ADDRESS,
    KEY_A,
    '\n',
    '\0',
    '{key}',
  ),
  fc.string({ maxLength: 20 }),
  anyTextArb,
);
const numberArb = fc.oneof(
  fc.constantFrom(
    '0',
    '-0.0',
    '-1',
    '1e400',
    'inf',
    '-inf',
    'nan',
    '9223372036854775807',
    '9007199254740993',
  ),
  fc.constantFrom('0xff', '0b1', '1_000', '99999999999999999999', '1979-05-27', '07:32:00'),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toFixed(3)),
);
const plainArb = fc.oneof(wordArb.map(quoted), numberArb, fc.constantFrom('true', 'false'));
const valueArb = fc.oneof(
  { weight: 4, arbitrary: plainArb },
  { weight: 1, arbitrary: fc.array(plainArb, { maxLength: 3 }).map((list) => `[${list.join(', ')}]`) },
  { weight: 1, arbitrary: plainArb.map((value) => `{ a = ${value}, __proto__ = 1 }`) },
);
const secretArb = fc
  .tuple(
    fc.constantFrom(...SECRETS.map(quoted), NUMBER_SECRET),
    fc.constantFrom('$', '[$]', '[[$]]', '{ a = $ }'),
  )
  .map(([secret, form]) => form.replace('$', () => secret));

/** One `section.key = value`, of any type whatever. */
const entryArb = fc
  .constantFrom(...keys.map(({ path }) => path))
  .chain((path) => fc.tuple(fc.constant(path), isSecret(path) ? secretArb : valueArb));
const strangeArb = fc.tuple(
  fc.constantFrom(
    'log.levle',
    'nod.id',
    '__proto__.x',
    'constructor.prototype',
    'tor."a b"',
    'x',
    'node',
    'direct.peers.x',
  ),
  fc.oneof(valueArb, secretArb),
);

describe('any configuration', () => {
  it('that differs from a good one by a little damage is accepted whole, or refused with sound problems', () => {
    expect([EVERY_KEY, CLUSTER, MINIMAL].map((text) => expectJudged(text))).toEqual([true, true, true]);
    fc.assert(
      fc.property(mutated([EVERY_KEY, CLUSTER, CLUSTER, MINIMAL], DOCUMENT_MARKS), (bytes) => {
        expectJudged(bytes.toString('utf8'));
      }),
      { numRuns: 150 },
    );
  });

  it('with values of any type at any keys is accepted whole, or refused with sound problems', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(entryArb, strangeArb), { minLength: 1, maxLength: 5 }), (entries) => {
        const required = MINIMAL.split('\n').filter((line) => line.includes('='));
        const names = ['node.id', 'master.onion_address', 'target.url'];
        const good = required.map((line, at) => [names[at] ?? '', line.replace(/^.*?= /, '')] as const);
        const document = new Map([...good, ...entries]);
        expectJudged([...document].map(([path, value]) => `${path} = ${value}`).join('\n'));
      }),
      { numRuns: 150 },
    );
  });

  it('whatever its text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyTextArb,
          fc.string().map((text) => `${MINIMAL}${text}`),
        ),
        (text) => {
          expectJudged(text);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('any argument of --set', () => {
  const argumentArb = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...keys.map(({ path }) => path)), fc.oneof(wordArb, numberArb, valueArb))
        .map(([path, value]) => `${path}=${isSecret(path) ? (SECRETS[0] ?? '') : value}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(
          'coordination.cluster_token',
          'tor.control_password',
          'coordination.cluster_tokn',
          '__proto__.x',
          'tor',
          '',
          'a.b.c',
        )
        .map((path) => `${path}=${SECRETS[1] ?? ''}`),
    },
    { weight: 1, arbitrary: fc.string() },
    {
      weight: 1,
      arbitrary: mutated(
        ['node.priority=100', 'tor.extra_torrc=["a", "b"]', 'log.level=debug'],
        DOCUMENT_MARKS,
      ).map(String),
    },
  );

  it('is understood as one key of the configuration, or refused by itself with a sound problem', () => {
    fc.assert(
      fc.property(argumentArb, (argument) => {
        const outcome = parseOverride(argument);
        if (outcome.ok) {
          const { section, key } = outcome.override;
          expect(argument.startsWith(`${section}.${key}=`)).toBe(true);
          expect(keys.map(({ path }) => path).filter((path) => !isSecret(path))).toContain(
            `${section}.${key}`,
          );
        } else expectJudged(MINIMAL, [argument]);
      }),
      { numRuns: 60 },
    );
  });

  it('together with others and a whole file gives a configuration or sound problems', () => {
    fc.assert(
      fc.property(fc.array(argumentArb, { minLength: 1, maxLength: 4 }), (sets) => {
        expectJudged(CLUSTER, sets);
      }),
      { numRuns: 40 },
    );
  });
});

describe('any target', () => {
  const config = configSchema.parse({ node: { id: 'a' }, master: { onion_address: ADDRESS } });
  const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
  const hostArb = fc.oneof(
    fc.constantFrom(
      ONION,
      `www.${ONION}`,
      ONION.toUpperCase(),
      ADDRESS,
      `a.${ADDRESS}`,
      ONION.slice(1),
      '.onion',
      'onion',
    ),
    fc.constantFrom(
      '127.0.0.1',
      '[::1]',
      '::1',
      '[fe80::1%eth0]',
      '127.1',
      '0x7f000001',
      '1.0x1',
      'a.0X',
      '017700000001',
      '[]',
    ),
    fc.stringMatching(/^[a-z0-9_.xX-]{0,12}$/),
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((address) => `[${address}]`),
    wordArb,
  );
  const urlArb = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('http', 'https', 'tcp', 'HTTP', 'ftp', ''),
        hostArb,
        fc.constantFrom('', ':', ':0', ':80', ':65535', ':65536', ':080', ':-1'),
        fc.constantFrom('', '/', '/a', '?', ' ', '\n'),
      )
      .map(([scheme, host, port, end]) => `${scheme}://${host}${port}${end}`),
    mutated([`http://${ONION}:8080/`, 'https://web.example', 'tcp://10.0.0.5:22']).map(String),
    fc.string(),
  );
  const othersArb = {
    port: fc.constantFrom(80, 8080),
    use_tls: fc.boolean(),
    mode: fc.constantFrom('http' as const, 'raw' as const),
  };
  const targetArb = fc.oneof(
    fc.record({ url: urlArb }),
    fc.record({ urls: fc.array(urlArb, { minLength: 1, maxLength: 3 }) }),
    fc.record({ onion_address: hostArb, ...othersArb }),
    fc.record({ url: urlArb, onion_address: hostArb, ...othersArb }, { requiredKeys: [] }),
  );

  it('is understood as a host and port that exist as such, or refused at its key', () => {
    let understood = 0;
    fc.assert(
      fc.property(targetArb, (changes) => {
        const targets = parseTargets({ ...config, target: { ...config.target, ...changes } });
        if ('code' in targets) {
          expect(targets.where).toMatch(/^target\.\w+(\[\d\])?$/);
          expect(targets.detail['key']).toBe(targets.where);
          expect(errorData(targets.code, targets.where, targets.detail)).toEqual(targets);
          return;
        }
        understood++;
        const target = targets.at(-1) ?? targets[0];
        expect(target.port).toBeGreaterThan(0);
        expect(target.port).toBeLessThan(65_536);
        expect(target.host).toBe(target.host.toLowerCase());
        expect(target.host.endsWith(ADDRESS)).toBe(false);
        expect(target.route).toBe(target.host.endsWith('.onion') ? 'onion' : 'direct');
        if (isIP(target.host) !== 0) return;
        // The URL Standard's reading of the same name: a resolver too takes 0x7f000001 for an address.
        const url = `http://${target.host}/`;
        expect(URL.canParse(url) ? new URL(url).hostname : target.host).toBe(target.host);
      }),
      { numRuns: 500 },
    );
    expect(understood).toBeGreaterThan(20);
  });
});
