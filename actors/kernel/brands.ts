import type { Brand } from '@rustbalance/crypto-worker/brands.js';

/** A node's name within its cluster: 1–63 characters of a–z, 0–9 and '-', as in a DNS label. */
export type NodeId = Brand<string, 'NodeId'>;

export const NODE_ID_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const isNodeId = (text: string): text is NodeId => NODE_ID_PATTERN.test(text);
