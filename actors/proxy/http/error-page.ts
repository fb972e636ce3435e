/** Reason phrases of the statuses that this proxy gives itself (RFC 9110 §15, RFC 6585). */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

const SENTENCES: Readonly<Record<number, string>> = {
  502: 'The service behind this address did not give a proper answer. Please try again later.',
  503: 'The service behind this address is not available now. Please try again later.',
  504: 'The service behind this address did not answer in time. Please try again later.',
};

const PAGE_STYLE = 'body{font:1.1em/1.5 sans-serif;max-width:36em;margin:4em auto;padding:0 1em}';

const body = (status: number, reason: string): string => {
  const sentence = SENTENCES[status] ?? 'The request could not be understood.';
  return (
    `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${reason}</title>\n` +
    `<style>${PAGE_STYLE}</style>\n<h1>${reason}</h1>\n<p>${sentence}</p>\n</html>\n`
  );
};

/** While no target is well it is probed every 5 s: twice that, and a client comes back once and not in vain. */
const RETRY_AFTER_SECS = 10;

export interface PageOptions {
  readonly withBody: boolean;
  readonly close: boolean;
  /** HTML instead of our own; latin1, each character one of its bytes. */
  readonly page?: string | null;
  /** Further field lines, each with its line end. */
  readonly fields?: string;
}

/** What depends on the status. */
const statusFields = (status: number): string => {
  if (status === 405) return 'Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n';
  return status === 503 ? `Retry-After: ${String(RETRY_AFTER_SECS)}\r\n` : '';
};

/**
 * A whole response that says no more than what the client can see anyway: nothing of the target, of this node or
 * of its clock (hence no Date, which would tell nodes apart).
 */
export const errorPage = (status: number, options: PageOptions): string => {
  const reason = REASONS[status] ?? 'Error';
  const page = options.page ?? body(status, reason);
  return (
    `HTTP/1.1 ${String(status)} ${reason}\r\n${statusFields(status)}Content-Type: text/html; charset=utf-8\r\n` +
    `Content-Length: ${String(page.length)}\r\nCache-Control: no-store\r\n${options.fields ?? ''}` +
    `${options.close ? 'Connection: close\r\n' : ''}\r\n${options.withBody ? page : ''}`
  );
};
