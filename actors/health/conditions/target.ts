import type { Config } from '../../kernel/config/schema.js';
import { errorData } from '../../kernel/errors.js';
import type { TargetRecord } from '../target-record.js';
import { atOnce } from './condition.js';
import type { Condition } from './condition.js';

export const targetConditions = (target: TargetRecord, config: Config): readonly Condition[] =>
  target.failures < config.health.probe_failure_threshold
    ? []
    : [atOnce(errorData('health.target-down', 'target', { reason: target.lastReason ?? 'unknown' }))];
