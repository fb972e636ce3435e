import { ANSWERED_BY_FIELD, ANSWERED_WITH_FIELD, SELF_TEST_FIELD } from '../kernel/self-test-token.js';
import type { SelfTest, SelfTestTokens } from '../kernel/self-test-token.js';
import type { RequestHead } from './http/request-head.js';

/** A request as its target shall get it, and what it tests; null: it is a client's. */
export interface SortedRequest {
  readonly head: RequestHead;
  readonly test: SelfTest | null;
}

/**
 * Tells the cluster's own tests from what clients send, by a token that no client can make. A token never reaches the
 * target; a field of that name that holds none of ours does, like any other, so that nobody can tell that there is a gate.
 */
export class SelfTestGate {
  readonly #tokens: SelfTestTokens;
  readonly #nodeId: string;

  constructor(tokens: SelfTestTokens, nodeId: string) {
    this.#tokens = tokens;
    this.#nodeId = nodeId;
  }

  sort(head: RequestHead): SortedRequest {
    const field = head.fields.find(({ lower }) => lower === SELF_TEST_FIELD);
    const taken = field === undefined ? null : this.#tokens.take(field.value);
    if (taken === null) return { head, test: null };
    const fields = head.fields.filter(({ lower }) => lower !== SELF_TEST_FIELD);
    return { head: { ...head, fields }, test: taken === 'stale' ? null : taken };
  }

  /** Field lines for the answer to a canary. @param target its place from 0; null: none was well */
  answerFields(target: number | null): string {
    const used = target === null ? 'down' : String(target + 1);
    return `${ANSWERED_BY_FIELD}: ${this.#nodeId}\r\n${ANSWERED_WITH_FIELD}: ${used}\r\n`;
  }
}
