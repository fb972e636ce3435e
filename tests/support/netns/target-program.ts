import { startSampleTarget } from '../sample-target.js';

/** The operator's service of a node in a namespace: tells its URL in one line, and ends with its standard input. */
const [, , name = 'target'] = process.argv;
const target = await startSampleTarget({ name });
process.stdout.write(`${target.url}\n`);
process.stdin.resume().once('end', () => void target.close());
