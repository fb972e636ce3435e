import type { Config } from '../../kernel/config/schema.js';
import { errorData } from '../../kernel/errors.js';
import type { TargetRecord } from '../target-record.js';
import { atOnce } from './condition.js';
import type { Condition } from './condition.js';

/** Of several targets the one that is meant, by its place in `[target] urls`. */
const nameOf = (index: number, count: number): string =>
  count === 1 ? 'target' : `target ${String(index + 1)}`;

export const targetConditions = (targets: readonly TargetRecord[], config: Config): readonly Condition[] =>
  targets.flatMap(({ failures, lastReason }, index) =>
    failures < config.health.probe_failure_threshold
      ? []
      : [
          atOnce(
            errorData('health.target-down', nameOf(index, targets.length), {
              reason: lastReason ?? 'unknown',
            }),
          ),
        ],
  );
