import { appendFileSync } from 'node:fs';

/**
 * A reporter of vitest: writes errors outside any test, one a line, to the file that RB_STRAY_ERRORS names. The JSON report leaves
 * them out, and the exit code does not tell them from a test that failed.
 */
export default class StrayErrors {
  onTestRunEnd(_modules, errors) {
    for (const { name, message } of errors)
      appendFileSync(process.env.RB_STRAY_ERRORS, `${name}: ${String(message).split('\n')[0]}\n`);
  }
}
