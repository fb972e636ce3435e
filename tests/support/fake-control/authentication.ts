import { createHmac, randomBytes } from 'node:crypto';

/** What this Tor asks of a controller; nothing set means NULL. */
export interface FakeAuthentication {
  readonly cookie?: { readonly file: string; readonly bytes: Uint8Array };
  readonly password?: string;
  /** Replaces the METHODS of PROTOCOLINFO, e.g. to leave SAFECOOKIE out or to offer something new. */
  readonly methods?: readonly string[];
  /** The server's proof is made with another cookie: an impostor that has not read the file. */
  readonly impostor?: boolean;
}

export interface AuthenticationAnswer {
  readonly lines: readonly string[];
  readonly authenticated: boolean;
  readonly hangUp: boolean;
}

const answer = (...lines: string[]): AuthenticationAnswer => ({ lines, authenticated: false, hangUp: false });
const refuse = (line: string): AuthenticationAnswer => ({
  lines: [line],
  authenticated: false,
  hangUp: true,
});

const escaped = (text: string): string => text.replace(/["\\]/g, (special) => `\\${special}`);

const methodsOf = ({ cookie, password, methods }: FakeAuthentication): readonly string[] => {
  if (methods !== undefined) return methods;
  const found = [
    ...(cookie === undefined ? [] : ['COOKIE', 'SAFECOOKIE']),
    ...(password === undefined ? [] : ['HASHEDPASSWORD']),
  ];
  return found.length === 0 ? ['NULL'] : found;
};

const proof = (direction: string, cookie: Uint8Array, client: Buffer, server: Buffer): Buffer =>
  createHmac('sha256', `Tor safe cookie authentication ${direction} hash`)
    .update(Buffer.concat([cookie, client, server]))
    .digest();

/** Authentication of one connection, in the order that a Tor insists on. */
export class FakeGate {
  readonly #demands: FakeAuthentication;
  #introduced = false;
  #expected: Buffer | null = null;

  constructor(demands: FakeAuthentication) {
    this.#demands = demands;
  }

  handle(keyword: string, args: string): AuthenticationAnswer {
    if (keyword === 'PROTOCOLINFO') return this.#introduce();
    if (keyword === 'AUTHCHALLENGE') return this.#challenge(args);
    if (keyword === 'AUTHENTICATE') return this.#authenticate(args);
    return refuse('514 Authentication required.');
  }

  #introduce(): AuthenticationAnswer {
    if (this.#introduced) return refuse('514 Authentication required.');
    this.#introduced = true;
    const { cookie } = this.#demands;
    const file = cookie === undefined ? '' : ` COOKIEFILE="${escaped(cookie.file)}"`;
    return answer(
      '250-PROTOCOLINFO 1',
      `250-AUTH METHODS=${methodsOf(this.#demands).join(',')}${file}`,
      '250-VERSION Tor="0.4.9.11"',
      '250 OK',
    );
  }

  #challenge(args: string): AuthenticationAnswer {
    const [method, nonce] = args.split(' ');
    const { cookie, impostor } = this.#demands;
    if (method !== 'SAFECOOKIE' || nonce === undefined) return refuse('513 Only SAFECOOKIE');
    if (cookie === undefined) return refuse('515 Cookie authentication is disabled');
    const client = Buffer.from(nonce, 'hex');
    const server = randomBytes(32);
    const known = impostor === true ? randomBytes(32) : cookie.bytes;
    this.#expected = proof('controller-to-server', cookie.bytes, client, server);
    const hash = proof('server-to-controller', known, client, server).toString('hex').toUpperCase();
    return answer(`250 AUTHCHALLENGE SERVERHASH=${hash} SERVERNONCE=${server.toString('hex').toUpperCase()}`);
  }

  #authenticate(args: string): AuthenticationAnswer {
    const token = args.startsWith('"')
      ? Buffer.from(args.slice(1, -1).replace(/\\(.)/g, '$1'))
      : Buffer.from(args, 'hex');
    if (!this.#accepts(token)) return refuse('515 Authentication failed: it did not match');
    return { lines: ['250 OK'], authenticated: true, hangUp: false };
  }

  #accepts(token: Buffer): boolean {
    if (this.#expected !== null) return token.equals(this.#expected);
    const { cookie, password } = this.#demands;
    if (cookie === undefined && password === undefined) return true;
    return (
      (cookie !== undefined && token.equals(cookie.bytes)) ||
      (password !== undefined && token.equals(Buffer.from(password)))
    );
  }
}
