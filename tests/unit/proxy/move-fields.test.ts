import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REQUEST_MOVERS, RESPONSE_MOVERS } from '@rustbalance/actors/proxy/http/move-fields.js';
import type { Origin } from '@rustbalance/actors/proxy/http/origin.js';
import { LOCAL_TARGET, MASTER, MASTER_ORIGIN, ONION_TARGET, TARGET_ONION, TLS_TARGET } from './origins.js';

const M = `http://${MASTER}`;
const T = `http://${TARGET_ONION}`;

const response = (name: string, value: string, target: Origin = ONION_TARGET): string =>
  RESPONSE_MOVERS.get(name)!(value, target, MASTER_ORIGIN);

describe('a response field that names the target comes to name the master address', () => {
  it.each([
    ['location', `${T}/next`, `${M}/next`],
    ['content-location', `${T}/doc`, `${M}/doc`],
    ['refresh', `5; url=${T}/x`, `5; url=${M}/x`],
    ['refresh', `0;URL='${T}/x'`, `0;URL='${M}/x'`],
    ['refresh', `3, ${T}/x`, `3, ${M}/x`],
    [
      'link',
      `<${T}/a.css>; rel=preload, <${T}/b>; rel="next"`,
      `<${M}/a.css>; rel=preload, <${M}/b>; rel="next"`,
    ],
    ['access-control-allow-origin', T, M],
    ['timing-allow-origin', `${T}, https://cdn.example`, `${M}, https://cdn.example`],
    ['set-cookie', `id=1; Domain=${TARGET_ONION}; Path=/`, `id=1; Domain=${MASTER}; Path=/`],
    ['set-cookie', `id=1; domain=.${TARGET_ONION.toUpperCase()}`, `id=1; domain=${MASTER}`],
    [
      'content-security-policy',
      `default-src 'self' ${T} ${T}/js/; img-src *`,
      `default-src 'self' ${M} ${M}/js/; img-src *`,
    ],
    ['content-security-policy', `connect-src ws://${TARGET_ONION}`, `connect-src ws://${MASTER}`],
    ['content-security-policy', `script-src ${TARGET_ONION}`, `script-src ${MASTER}`],
    ['content-security-policy', `script-src ${TARGET_ONION}:*`, `script-src ${MASTER}:*`],
    ['content-security-policy', `script-src ${T}:*`, `script-src ${M}:*`],
    ['content-security-policy-report-only', `report-uri ${T}/r`, `report-uri ${M}/r`],
  ])('%s: %s', (name, value, moved) => {
    expect(response(name, value)).toBe(moved);
  });

  it.each([
    [
      'a cookie for the domain above the target',
      'set-cookie',
      'a=b; Domain=example.org; Secure',
      `a=b; Domain=${MASTER}; Secure`,
    ],
    [
      'a policy of a target with TLS',
      'content-security-policy',
      'img-src https://www.example.org',
      `img-src ${M}`,
    ],
    [
      'a policy that would send every resource to a port where nothing listens',
      'content-security-policy',
      "upgrade-insecure-requests; default-src 'self'",
      " default-src 'self'",
    ],
  ])('%s', (_, name, value, moved) => {
    expect(response(name, value, TLS_TARGET)).toBe(moved);
  });

  it('a target named like a directive leaves the directive alone', () => {
    const sandbox: Origin = { scheme: 'http', host: 'sandbox', port: 80 };
    expect(response('content-security-policy', 'sandbox allow-forms; img-src sandbox', sandbox)).toBe(
      `sandbox allow-forms; img-src ${MASTER}`,
    );
  });
});

describe('a response field that names somebody else stays as it is', () => {
  it.each([
    ['location', `${T}.evil.com/`],
    ['location', `https://evil.com/?${T}/`],
    ['refresh', `5; url=${T}.evil.com/`],
    ['refresh', '5'],
    ['link', `<https://evil.com/${T}>; rel=x`],
    ['link', `<https://a.example>; title="<${T}>"`],
    ['access-control-allow-origin', '*'],
    ['access-control-allow-origin', `${T}.evil.com`],
    ['set-cookie', `id=${TARGET_ONION}`],
    ['set-cookie', `Domain=${TARGET_ONION}; Path=/`],
    ['set-cookie', 'id=1; Domain=onion'],
    ['set-cookie', `id=1; Domain=x${TARGET_ONION}`],
    ['set-cookie', `id=1; Domain=a.${TARGET_ONION}`],
    ['set-cookie', 'id=1; Path=/; HttpOnly; SameSite=Lax'],
    [
      'content-security-policy',
      `default-src 'self' 'nonce-abc' data: https: *.${TARGET_ONION} ${T}.evil.com`,
    ],
    ['content-security-policy', `default-src ${TARGET_ONION}:8080 ${T}:8080`],
    ['content-security-policy', 'upgrade-insecure-requests'],
  ])('%s: %s', (name, value) => {
    expect(response(name, value)).toBe(value);
  });
});

describe('a request field that names the master address comes to name the target', () => {
  it.each([
    ['origin', M, 'http://127.0.0.1:9101'],
    ['referer', `${M}/page?x`, 'http://127.0.0.1:9101/page?x'],
    ['destination', `${M}/moved`, 'http://127.0.0.1:9101/moved'],
    ['origin', 'null', 'null'],
    ['origin', `${M}.evil.com`, `${M}.evil.com`],
    ['referer', 'https://search.example/', 'https://search.example/'],
  ])('%s: %s', (name, value, moved) => {
    expect(REQUEST_MOVERS.get(name)!(value, MASTER_ORIGIN, LOCAL_TARGET)).toBe(moved);
  });
});

describe('moving fields, for all values', () => {
  it('a value that does not hold the name of the target is never changed', () => {
    const text = fc.stringMatching(/^[\x21-\x7e\t \x80-\xff]{0,80}$/);
    fc.assert(
      fc.property(fc.constantFrom(...RESPONSE_MOVERS.keys()), text, (name, value) => {
        fc.pre(!value.toLowerCase().includes(TARGET_ONION));
        // Link's own white space inside <> is not part of the URL.
        fc.pre(name !== 'link' || !/<\s|\s>/.test(value));
        expect(response(name, value)).toBe(value);
      }),
    );
  });

  it('no value makes a field line longer than one line', () => {
    const pieces = fc.array(
      fc.constantFrom(T, ';', ',', ' ', '<', '>', '"', 'url=', '=', 'Domain', TARGET_ONION, ':*', '/'),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(fc.constantFrom(...RESPONSE_MOVERS.keys()), pieces, (name, parts) => {
        expect(response(name, parts.join(''))).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
      }),
    );
  });
});
