import fc from 'fast-check';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  Ed25519Seed,
  IdentityPublicKey,
} from '@rustbalance/crypto-worker/brands.js';
import { compareBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import type {
  ClusterRecord,
  JoinTokenRecord,
  MemberRecord,
  SignedRecord,
} from '@rustbalance/actors/election/records/record.js';
import { recordSigner, signRecord } from '@rustbalance/actors/election/records/signing.js';
import { MASTER_ADDRESS, exampleSeed } from '../../../support/simulation/cluster-config.js';

export const CLUSTER = clusterSecret(new TextEncoder().encode('a token for tests'), MASTER_ADDRESS).tag;
export const OTHER_CLUSTER = clusterSecret(new TextEncoder().encode('another token'), MASTER_ADDRESS).tag;

export const signerOf = (index: number) => recordSigner(CLUSTER, exampleSeed(index) as Ed25519Seed);
/** Node keys of a few nodes. */
export const SIGNERS = [1, 2, 3, 4].map(signerOf);
export const keyOf = (index: number): Ed25519PublicKey => signerOf(index).key.publicKey;

const bytes = <T extends Uint8Array>(length: number): fc.Arbitrary<T> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => value as T);
const u32 = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const port = fc.integer({ min: 1, max: 65_535 });
const address = fc.oneof(
  fc.tuple(fc.ipV4(), port).map(([ip, number]) => `${ip}:${number}`),
  fc.tuple(fc.ipV6(), port).map(([ip, number]) => `[${ip}]:${number}`),
);
const nodeId = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/).map((id) => id as NodeId);

/** Any member record, with subjects and versions as small as told so that they meet. */
export const anyMember = (
  subject: fc.Arbitrary<Ed25519PublicKey> = bytes(32),
  version: fc.Arbitrary<number> = u32,
): fc.Arbitrary<MemberRecord> =>
  fc.record({
    kind: fc.constant('member' as const),
    publicKey: subject,
    version,
    state: fc.constantFrom('present' as const, 'removed' as const),
    id: nodeId,
    priority: fc.integer({ min: 1, max: 1_000_000 }),
    hasMasterKey: fc.boolean(),
    coordination: fc.option(bytes<IdentityPublicKey>(32)),
    wireguard: fc.option(
      fc.record({ publicKey: bytes<Curve25519PublicKey>(32), endpoint: fc.option(address) }),
    ),
    direct: fc.option(address),
  });

export const anyJoinToken = (
  subject: fc.Arbitrary<JoinTokenId> = bytes(8),
  version: fc.Arbitrary<number> = u32,
  user: fc.Arbitrary<Ed25519PublicKey> = bytes(32),
): fc.Arbitrary<JoinTokenRecord> =>
  fc.record({
    kind: fc.constant('join-token' as const),
    tokenId: subject,
    version,
    issuer: bytes<Ed25519PublicKey>(32),
    notAfter: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    uses: fc.integer({ min: 1, max: 16 }),
    usedBy: fc
      .uniqueArray(user, { maxLength: 16, selector: (key) => Buffer.from(key).toString('hex') })
      .map((keys) => keys.sort(compareBytes)),
    revoked: fc.boolean(),
  });

export const anyRecord: fc.Arbitrary<ClusterRecord> = fc.oneof(anyMember(), anyJoinToken());

const few = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const lowVersion = fc.integer({ min: 1, max: 4 });
const tokenIds = [1, 2].map((fill) => new Uint8Array(8).fill(fill) as JoinTokenId);

/** Records of one token by a member that means harm: uses by whomever it likes, in any order, revoked or not. */
export const forkedToken: fc.Arbitrary<readonly SignedRecord[]> = fc.array(
  fc
    .tuple(anyJoinToken(few(...tokenIds.slice(0, 1)), u32), few(...SIGNERS))
    .map(([record, signer]) => signRecord(signer, record)),
  { minLength: 30, maxLength: 60 },
);

/** Signed records of few subjects, in low versions and by different signers, so that most of them contend. */
export const contendingRecords: fc.Arbitrary<readonly SignedRecord[]> = fc.array(
  fc
    .tuple(
      fc.oneof(
        anyMember(few(keyOf(1), keyOf(2)), lowVersion),
        anyJoinToken(few(...tokenIds), lowVersion, few(keyOf(5), keyOf(6), keyOf(7))),
      ),
      few(...SIGNERS),
    )
    .map(([record, signer]) => signRecord(signer, record)),
  { maxLength: 12 },
);
