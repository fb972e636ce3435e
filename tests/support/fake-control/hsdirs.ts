/** How an HSDir answers an upload; `silent` is one that died: no event at all. */
export type UploadBehaviour = 'accept' | 'silent' | { readonly reject: string };

/** How an HSDir answers a fetch. */
export type FetchBehaviour = 'silent' | { readonly descriptor: string } | { readonly fail: string };

export interface FakeUpload {
  readonly servers: readonly string[];
  readonly address: string;
  readonly descriptor: string;
}

const FAKE_DESCRIPTOR_ID = 'A'.repeat(43);

const longName = (fingerprint: string): string => `$${fingerprint}~fake`;

/** The event that follows an upload to one HSDir; null for one that stays silent. */
export const uploadEvent = (behaviour: UploadBehaviour, address: string, server: string): string | null => {
  if (behaviour === 'silent') return null;
  return behaviour === 'accept'
    ? `650 HS_DESC UPLOADED ${address} UNKNOWN ${longName(server)}\r\n`
    : `650 HS_DESC FAILED ${address} NO_AUTH ${longName(server)} ${FAKE_DESCRIPTOR_ID} REASON=${behaviour.reject}\r\n`;
};

const body = (document: string): string =>
  `${document
    .split('\n')
    .map((line) => (line.startsWith('.') ? `.${line}` : line))
    .join('\r\n')}${document.endsWith('\n') ? '' : '\r\n'}.\r\n`;

/** The events that follow a fetch from one HSDir, by name; none for one that stays silent. */
export const fetchEvents = (
  behaviour: FetchBehaviour,
  address: string,
  server: string,
): { readonly name: 'HS_DESC' | 'HS_DESC_CONTENT'; readonly text: string }[] => {
  const where = `${longName(server)} ${FAKE_DESCRIPTOR_ID}`;
  const index = '0'.repeat(64);
  const requested = `650 HS_DESC REQUESTED ${address} NO_AUTH ${where} HSDIR_INDEX=${index}\r\n`;
  if (behaviour === 'silent') return [{ name: 'HS_DESC', text: requested }];
  const found = 'descriptor' in behaviour;
  const outcome = found
    ? `650 HS_DESC RECEIVED ${address} NO_AUTH ${where}\r\n`
    : `650 HS_DESC FAILED ${address} NO_AUTH ${where} REASON=${behaviour.fail}\r\n`;
  const content = `650+HS_DESC_CONTENT ${address} ${FAKE_DESCRIPTOR_ID} ${longName(server)}\r\n`;
  return [
    { name: 'HS_DESC', text: requested },
    { name: 'HS_DESC', text: outcome },
    { name: 'HS_DESC_CONTENT', text: `${content}${body(found ? behaviour.descriptor : '')}650 OK\r\n` },
  ];
};

/** One GETINFO value as reply text: on one line, or as a data section. */
export const infoReply = (key: string, value: string): string =>
  value.includes('\n') ? `250+${key}=\r\n${body(value)}` : `250-${key}=${value}\r\n`;
