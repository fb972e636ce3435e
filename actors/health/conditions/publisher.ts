import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import type { Condition } from './condition.js';

/** What hinders publishing mends itself within a few retries, or not at all. */
const PUBLISHER_GRACE_MS = 60_000;

export const publisherConditions = ({ publisher }: Observed): readonly Condition[] =>
  publisher === null || publisher.reason === null || publisher.state === 'standby'
    ? []
    : [
        {
          error: errorData('health.publisher-degraded', 'publisher', {
            reason: publisher.reason,
            state: publisher.state,
          }),
          graceMs: PUBLISHER_GRACE_MS,
        },
      ];
