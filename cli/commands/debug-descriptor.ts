import { defineCommand } from '../command.js';
import { jsonOption } from '../common-options.js';
import type { JsonArgs } from '../common-options.js';

export interface DescriptorArgs extends JsonArgs {
  readonly file: string;
  readonly address: string | undefined;
  readonly key: string | undefined;
  readonly 'time-period': number | undefined;
  readonly 'period-length': number;
  readonly 'voting-interval': number;
}

export const debugDescriptorCommand = defineCommand<DescriptorArgs>({
  summary: 'Decodes a descriptor file and prints it as JSON.',
  explanation: [
    'The file is what HSDirs hold, for instance the body of an `HS_DESC_CONTENT` event. Signature, certificates and both encrypted layers are checked; certificates that have run out are shown, not refused.',
    'Without `--time-period` the current, the next and the last 40 periods are tried.',
  ],
  options: {
    file: { kind: 'text', presence: 'required', positional: true, description: 'The descriptor.' },
    address: {
      kind: 'text',
      presence: 'optional',
      metavar: 'ADDRESS',
      description: 'The onion address that it belongs to.',
    },
    key: {
      kind: 'text',
      presence: 'optional',
      metavar: 'FILE',
      description: 'A key file of that address instead.',
    },
    'time-period': {
      kind: 'number',
      presence: 'optional',
      minimum: 0,
      maximum: 100_000_000,
      metavar: 'N',
      description: 'Its time period.',
    },
    'period-length': {
      kind: 'number',
      presence: 'default',
      fallback: 1440,
      minimum: 1,
      maximum: 20_160,
      metavar: 'MINUTES',
      description:
        'Length of a time period on that network (hsdir_interval; a testing network has 24 voting intervals).',
    },
    'voting-interval': {
      kind: 'number',
      presence: 'default',
      fallback: 3600,
      minimum: 5,
      maximum: 86_400,
      metavar: 'SECONDS',
      description: 'Voting interval of that network.',
    },
    ...jsonOption,
  },
  run: async (args, world) => {
    const { runDebugDescriptor } = await import('../debug/descriptor.js');
    await runDebugDescriptor(args, world);
  },
});
