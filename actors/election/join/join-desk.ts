import type {
  Ed25519PublicKey,
  Ed25519Seed,
  ExpandedSecretKey,
  MasterPublicKey,
} from '@rustbalance/crypto-worker/brands.js';
import { bytesKey, sameBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { RunTask } from '@rustbalance/crypto-worker/tasks.js';
import type { NodeId } from '../../kernel/brands.js';
import type { CancelTimer, Clock } from '../../kernel/clock.js';
import type { ClusterSecret, JoinTokenId } from '../../kernel/cluster-keys.js';
import type { Config } from '../../kernel/config/schema.js';
import type { Logger } from '../../kernel/logging.js';
import type { Random } from '../../kernel/random.js';
import { admission, tokenUse } from '../records/issuing.js';
import type { MemberFields } from '../records/issuing.js';
import type { RecordSet } from '../records/record-set.js';
import { memberKey } from '../records/record-set.js';
import type { MemberRecord, SignedRecord } from '../records/record.js';
import type { RecordSigner } from '../records/signing.js';
import { memberOf, presentMembers } from '../records/views.js';
import type { AskId, TokenUseAnswer, TokenUseRequest } from './token-use.js';
import type { JoinAdmission, JoinAnswer, JoinRefusal } from './answer-codec.js';
import { keyRefusal } from './key-proof.js';
import { takeCall, takeMasterCall } from './join-frame.js';
import type { TakenCall } from './join-frame.js';
import { NEWEST_REQUEST_SECS, OLDEST_REQUEST_SECS } from './limits.js';
import type { JoinRequest } from './request-codec.js';
import { isSuited, saysTheSame } from './joiner-fields.js';
import { judgeUse } from './use-verdict.js';
import type { Grant, UseBook, UseQuestion, UseVerdict } from './use-verdict.js';

/** Who this node is, and what it has to give. */
export interface DeskKeys {
  readonly id: NodeId;
  readonly seed: Ed25519Seed;
  readonly secret: ClusterSecret;
  readonly signer: RecordSigner;
  readonly clusterToken: string;
  readonly master: MasterPublicKey;
  /** Null on a node that never publishes. */
  readonly masterKey: ExpandedSecretKey | null;
}

/** What the desk sees and does of the cluster. */
export interface DeskWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The handshake's curve work: 3.5 ms. */
  readonly run: RunTask;
  records(): RecordSet;
  /** Takes records into the set and tells the others. */
  learn(records: readonly SignedRecord[]): void;
  members(): UseBook['members'];
  /** Who counts the uses of tokens now: the lease holder, or whoever would come next. */
  decider(): NodeId;
  publisher(): NodeId | null;
  send(to: NodeId, message: TokenUseRequest | TokenUseAnswer): void;
}

export interface DeskSettings {
  readonly mode: Config['coordination']['mode'];
  readonly maxJoins: number;
  readonly windowMs: number;
}

/** A question may be lost, and so may its answer; a transport over Tor takes 0.5–2 s for both. */
const ASK_AGAIN_MS = 1500;
/** The listener waits 15 s for an answer; whoever joins waits with it. */
const ASK_UNTIL_MS = 8000;
const ASK_ID_BYTES = 8;

const TRY_AGAIN: UseVerdict = { outcome: 'undecided' };

interface Asked {
  readonly decider: NodeId;
  readonly settle: (verdict: UseVerdict) => void;
}

/**
 * Takes joins: reads the frame, has the use of the token decided by the lease holder, signs the new member's record and
 * writes the answer. Decides about uses itself where this node is that holder.
 */
export class JoinDesk {
  readonly #keys: DeskKeys;
  readonly #settings: DeskSettings;
  readonly #world: DeskWorld;
  /** By ask id in hex. */
  readonly #asked = new Map<string, Asked>();
  #grants: readonly Grant[] = [];

  constructor(keys: DeskKeys, settings: DeskSettings, world: DeskWorld) {
    this.#keys = keys;
    this.#settings = settings;
    this.#world = world;
  }

  /**
   * Answers a join frame; null for whatever is not an authentic request of somebody with a token of ours. Whoever has one
   * is told why it is refused, inside the encrypted answer.
   */
  async join(frame: Uint8Array): Promise<Uint8Array | null> {
    const { secret, seed } = this.#keys;
    const call = await takeCall(secret, seed, frame, this.#world.run);
    return call === null ? null : this.#answerCall(call, false);
  }

  /**
   * Answers a join frame that came to the master address, where nobody can choose which node it comes to: it is to the
   * key of the token. Null for whoever is not admitted, too: the target answers then.
   */
  async joinByMaster(frame: Uint8Array): Promise<Uint8Array | null> {
    const call = await takeMasterCall(this.#keys.secret, frame, this.#world.run);
    return call === null ? null : this.#answerCall(call, true);
  }

  async #answerCall(call: TakenCall, admitOnly: boolean): Promise<Uint8Array | null> {
    const answer = await this.#answerTo(call);
    const { log, random } = this.#world;
    const detail = { token: bytesKey(call.token) };
    if (answer.outcome === 'admitted') log.info(`Node ${answer.nodeId} joins the cluster`, detail);
    else log.info('A node with a join token is refused', { ...detail, reason: answer.outcome });
    return admitOnly && answer.outcome !== 'admitted' ? null : call.answer(answer, random);
  }

  async #answerTo({ token, request }: TakenCall): Promise<JoinAnswer> {
    const ageSecs = this.#nowSecs() - request.atSecs;
    if (ageSecs > OLDEST_REQUEST_SECS || ageSecs < -NEWEST_REQUEST_SECS) return { outcome: 'clock' };
    if (!isSuited(this.#settings.mode, request)) return { outcome: 'unsuited' };
    const hindrance = request.wantsMasterKey ? this.#hindranceToKey(token, request) : null;
    if (hindrance !== null) return { outcome: hindrance };
    const { publicKey: joiner, nodeId, priority } = request;
    const verdict = await this.#decide({ token, joiner, nodeId, priority });
    return verdict.outcome === 'granted' ? this.#admit(request, verdict) : verdict;
  }

  /**
   * Why the master key is not given here, before a use is counted. A node without it leaves the joiner to other members: taken
   * in here it would be without the key for good.
   */
  #hindranceToKey(
    token: JoinTokenId,
    { publicKey: joiner, keyProof: proof }: JoinRequest,
  ): JoinRefusal | null {
    const { masterKey, secret } = this.#keys;
    if (masterKey === null) return 'undecided';
    const claim = { cluster: secret.tag, token, joiner, proof };
    return keyRefusal(masterKey, claim, this.#nowSecs());
  }

  #nowSecs(): number {
    return Math.floor(this.#world.clock.wallMs() / 1000);
  }

  // — deciding —

  /** Asks whoever decides, again and again, since it may be another one meanwhile. */
  async #decide(question: UseQuestion): Promise<UseVerdict> {
    const { clock } = this.#world;
    const endMs = clock.monotonicMs() + ASK_UNTIL_MS;
    let verdict: UseVerdict;
    do {
      const decider = this.#world.decider();
      const triedMs = clock.monotonicMs();
      verdict = decider === this.#keys.id ? this.#judge(question) : await this.#ask(decider, question);
      if (verdict.outcome !== 'undecided') return verdict;
      // A token that is not known there yet is on its way there.
      const pauseMs = triedMs + ASK_AGAIN_MS - clock.monotonicMs();
      if (pauseMs > 0) await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    } while (clock.monotonicMs() < endMs);
    return verdict;
  }

  #ask(decider: NodeId, question: UseQuestion): Promise<UseVerdict> {
    const { clock, random, send } = this.#world;
    const ask = random.bytes(ASK_ID_BYTES) as AskId;
    return new Promise((resolve) => {
      let cancel: CancelTimer = () => undefined;
      const settle = (verdict: UseVerdict): void => {
        cancel();
        this.#asked.delete(bytesKey(ask));
        resolve(verdict);
      };
      cancel = clock.after(ASK_AGAIN_MS, () => {
        settle(TRY_AGAIN);
      });
      this.#asked.set(bytesKey(ask), { decider, settle });
      send(decider, { kind: 'token-use-request', ask, ...question });
    });
  }

  /** Decides about a use, and counts it. */
  #judge(question: UseQuestion): UseVerdict {
    const { clock } = this.#world;
    const nowMs = clock.monotonicMs();
    this.#grants = this.#grants.filter(({ atMs }) => nowMs - atMs < this.#settings.windowMs);
    const book: UseBook = {
      records: this.#world.records(),
      members: this.#world.members(),
      grants: this.#grants,
      maxJoins: this.#settings.maxJoins,
      nowSecs: this.#nowSecs(),
    };
    const { verdict, uses } = judgeUse(book, question);
    if (verdict.outcome !== 'granted' || uses === null) return verdict;
    const { nodeId, priority } = verdict;
    this.#grants = [...this.#grants, { joiner: question.joiner, nodeId, priority, atMs: nowMs }];
    const counted = tokenUse(this.#keys.signer, uses, question.joiner);
    if (counted !== null) this.#world.learn([counted]);
    return verdict;
  }

  /** A member asks. What it is told if it asks the wrong one: that it is undecided here. */
  onRequest(from: NodeId, { ask, token, joiner, nodeId, priority }: TokenUseRequest): void {
    const decides = this.#world.decider() === this.#keys.id;
    const verdict = decides ? this.#judge({ token, joiner, nodeId, priority }) : TRY_AGAIN;
    this.#world.send(from, { kind: 'token-use-answer', ask, verdict });
  }

  onAnswer(from: NodeId, { ask, verdict }: TokenUseAnswer): void {
    const asked = this.#asked.get(bytesKey(ask));
    if (asked?.decider === from) asked.settle(verdict);
  }

  // — admitting —

  #admit(
    request: JoinRequest,
    { nodeId, priority }: Extract<UseVerdict, { outcome: 'granted' }>,
  ): JoinAnswer {
    const { signer, masterKey, master, clusterToken } = this.#keys;
    const { publicKey, coordination, wireguard, direct } = request;
    const before = memberOf(this.#world.records(), publicKey);
    // Whoever wants it has proved by now that its token brings it. An honest node that came in without does not get it by
    // coming again; the word of its record would be no reason to give it.
    const givesKey = request.wantsMasterKey && masterKey !== null && (before?.hasMasterKey ?? true);
    const fields: MemberFields = {
      publicKey,
      id: nodeId,
      priority,
      // That a node has no key any more is for itself to say: others would ignore its claims meanwhile.
      hasMasterKey: givesKey || before?.hasMasterKey === true,
      coordination,
      wireguard,
      direct,
    };
    if (before === null || before.state === 'removed' || !saysTheSame(before, fields)) {
      const signed = admission(signer, this.#world.records(), fields);
      if (signed === null) return { outcome: 'removed' };
      this.#world.learn([signed]);
    }
    const answer: JoinAdmission = {
      outcome: 'admitted',
      nodeId,
      priority,
      master,
      masterKey: givesKey ? masterKey : null,
      clusterToken,
      publisher: this.#world.publisher(),
      clusterSize: this.#world.members().length,
      records: this.#recordsFor(publicKey),
    };
    return answer;
  }

  /** The records of all present members: the new one's and ours first, since not all may have room. */
  #recordsFor(joiner: Ed25519PublicKey): readonly Uint8Array[] {
    const set = this.#world.records();
    const own = this.#keys.signer.key.publicKey;
    const rank = ({ publicKey }: MemberRecord): number =>
      sameBytes(publicKey, joiner) ? 0 : sameBytes(publicKey, own) ? 1 : 2;
    return [...presentMembers(set)]
      .sort((a, b) => rank(a) - rank(b))
      .flatMap(({ publicKey }) => set.get(memberKey(publicKey))?.at(-1)?.bytes ?? []);
  }
}
