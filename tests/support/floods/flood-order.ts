import { z } from 'zod';

/** What the flooding process sends, and where to on 127.0.0.1: told on its standard input, in one line of JSON. */
export const floodOrder = z.object({
  kind: z.enum(['datagrams', 'streams']),
  port: z.number(),
  /** The port that datagrams come from; null for any. */
  from: z.number().nullable(),
  /** Base64: one after another, and from the beginning again. */
  pile: z.array(z.string()).min(1),
  /** After so many it ends; null: with its standard input. */
  count: z.number().nullable(),
});

export type FloodOrder = z.infer<typeof floodOrder>;

/** What it prints when it ends, in one line of JSON. */
export const floodReport = z.object({ sent: z.number(), seconds: z.number() });

export type FloodReport = z.infer<typeof floodReport>;
