import {
  agree,
  curve25519PublicKey,
  nodeAgreementKey,
  nodeAgreementPublicKey,
  pairAgreement,
} from '@rustbalance/crypto-worker/x25519.js';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  Ed25519Seed,
  ExpandedSecretKey,
} from '@rustbalance/crypto-worker/brands.js';
import {
  clusterSecret,
  coordinationIdentitySeed,
  joinKeyGrant,
  joinSecret,
  memberClientAuthorization,
  pairPresharedKey,
  tokenClientAuthorization,
  tunnelAddress,
  tunnelNetwork,
} from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';

const seedOf = (name: string): Ed25519Seed =>
  new Uint8Array(createHash('sha256').update(name).digest()) as Ed25519Seed;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const tokenId = unhex('0001020304050607') as JoinTokenId;

const secret = clusterSecret(new TextEncoder().encode('token'), 'address.onion');
const another = clusterSecret(new TextEncoder().encode('other token'), 'address.onion');
const [alpha, beta, gamma] = ['alpha', 'beta', 'gamma'].map(seedOf) as [
  Ed25519Seed,
  Ed25519Seed,
  Ed25519Seed,
];
const between = (one: Ed25519Seed, other: Ed25519Seed) => pairAgreement(one, nodePublicKey(other))!;

describe('agreement of two nodes', () => {
  it('is nothing with a key of small order', () => {
    const zero = new Uint8Array(32) as Curve25519PublicKey;
    expect(agree(nodeAgreementKey(alpha), zero)).toBeNull();
    const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)) as Ed25519PublicKey;
    expect(pairAgreement(alpha, identity)).toBeNull();
  });

  it('is the same from both sides and of their keys as X25519 knows them', () => {
    expect(between(alpha, beta)).toEqual(between(beta, alpha));
    expect(between(alpha, beta)).not.toEqual(between(alpha, gamma));
    expect(curve25519PublicKey(nodeAgreementKey(alpha))).toEqual(
      nodeAgreementPublicKey(nodePublicKey(alpha)),
    );
  });
});

describe('what a pair derives', () => {
  const ofAlpha = between(alpha, beta);
  const ofBeta = between(beta, alpha);

  it('is the same from both sides', () => {
    expect(pairPresharedKey(secret, ofAlpha)).toEqual(pairPresharedKey(secret, ofBeta));
    const service = nodePublicKey(beta);
    expect(memberClientAuthorization(secret, ofAlpha, service)).toEqual(
      memberClientAuthorization(secret, ofBeta, service),
    );
  });

  it('differs by cluster token, by pair, by service and by use', () => {
    const service = nodePublicKey(beta);
    const keys = [
      pairPresharedKey(secret, ofAlpha),
      pairPresharedKey(another, ofAlpha),
      pairPresharedKey(secret, between(alpha, gamma)),
      memberClientAuthorization(secret, ofAlpha, service).secret,
      memberClientAuthorization(secret, ofAlpha, nodePublicKey(alpha)).secret,
    ];
    expect(new Set(keys.map(hex)).size).toBe(keys.length);
  });
});

describe('what a join token carries', () => {
  it('belongs to the cluster and to the token', () => {
    const other = unhex('0001020304050608') as JoinTokenId;
    const secrets = [joinSecret(secret, tokenId), joinSecret(secret, other), joinSecret(another, tokenId)];
    expect(new Set(secrets.map(hex)).size).toBe(3);
    const { secret: scalar, publicKey } = tokenClientAuthorization(secret, tokenId);
    expect(curve25519PublicKey(scalar)).toEqual(publicKey);
    expect(hex(scalar)).not.toBe(hex(joinSecret(secret, tokenId)));
  });
});

describe('what lets a join token bring the master key', () => {
  const key = new Uint8Array(64).fill(5) as ExpandedSecretKey;

  it('belongs to the master key, the cluster, the token and its end', () => {
    const grants = [
      joinKeyGrant(key, secret.tag, tokenId, 1000),
      joinKeyGrant(new Uint8Array(64).fill(6) as ExpandedSecretKey, secret.tag, tokenId, 1000),
      joinKeyGrant(key, another.tag, tokenId, 1000),
      joinKeyGrant(key, secret.tag, unhex('0001020304050608') as JoinTokenId, 1000),
      joinKeyGrant(key, secret.tag, tokenId, 1001),
    ];
    expect(new Set(grants.map(hex)).size).toBe(grants.length);
  });
});

describe('the identity of the coordination service', () => {
  it('belongs to the node, and is not the node key', () => {
    expect(hex(coordinationIdentitySeed(alpha))).not.toBe(hex(alpha));
    expect(coordinationIdentitySeed(alpha)).not.toEqual(coordinationIdentitySeed(beta));
  });
});

describe('addresses in the tunnels', () => {
  it('lie in a unique local network of the cluster', () => {
    const network = tunnelNetwork(secret.tag);
    expect(network).toMatch(/^fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}:0::\/64$/);
    expect(tunnelNetwork(another.tag)).not.toBe(network);
    const address = tunnelAddress(secret.tag, nodePublicKey(alpha));
    expect(address.startsWith(network.replace('::/64', ':'))).toBe(true);
    expect(address.split(':')).toHaveLength(8);
    expect(tunnelAddress(secret.tag, nodePublicKey(beta))).not.toBe(address);
  });
});

/** Computed once with these functions: whoever changes a derivation cuts every cluster that exists. */
describe('derivations', () => {
  it('stay what they are', () => {
    expect({
      preshared: hex(pairPresharedKey(secret, between(alpha, beta))).slice(0, 16),
      join: hex(joinSecret(secret, tokenId)).slice(0, 16),
      coordination: hex(coordinationIdentitySeed(alpha)).slice(0, 16),
      network: tunnelNetwork(secret.tag),
    }).toEqual({
      preshared: '9aa998165def434b',
      join: '6317b41cc18819b9',
      coordination: 'e2207401ea446996',
      network: 'fd14:775:64cd:0::/64',
    });
  });
});
