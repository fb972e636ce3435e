import { type ChildProcess, spawn } from 'node:child_process';
import { access, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:net';
import { once } from 'node:events';
import { eventually } from '../support/eventually.js';

/** Where Debian's libnginx-mod-stream puts its module. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

export interface NginxPorts {
  /** Serves files: the target of all others. */
  readonly target: number;
  /** Reverse proxy by HTTP with connections kept to the target. */
  readonly http: number;
  /** Reverse proxy by TCP (module stream). */
  readonly stream: number;
}

export interface Nginx {
  readonly hasStream: boolean;
  /** The one worker of the reverse proxy. */
  readonly workerPid: number;
  stop(): Promise<void>;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

const common = (directory: string, name: string): string => `
worker_processes 1;
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${directory}/${name}.pid;
error_log ${directory}/${name}.log crit;
events { worker_connections 1024; }
`;

const httpBlock = (directory: string, servers: string): string => `
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ${servers}
}
`;

const targetConfig = (directory: string, ports: NginxPorts): string =>
  common(directory, 'target') +
  httpBlock(directory, `server { listen 127.0.0.1:${String(ports.target)}; root ${directory}/www; }`);

const proxyConfig = (directory: string, ports: NginxPorts, withStream: boolean): string => {
  const target = `127.0.0.1:${String(ports.target)}`;
  const http = httpBlock(
    directory,
    `upstream target { server ${target}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${String(ports.http)};
    location / { proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }`,
  );
  const stream = `stream { server { listen 127.0.0.1:${String(ports.stream)}; proxy_pass ${target}; } }\n`;
  return `${withStream ? `load_module ${STREAM_MODULE};\n` : ''}${common(directory, 'proxy')}${http}${withStream ? stream : ''}`;
};

const start = async (
  directory: string,
  name: string,
  config: string,
  port: number,
): Promise<ChildProcess> => {
  const path = join(directory, `${name}.conf`);
  await writeFile(path, config);
  const child = spawn('nginx', ['-c', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await eventually(
    `nginx answers at ${String(port)}`,
    async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended: ${said.slice(0, 300)}`);
      return answers(port);
    },
    { timeoutMs: 5000 },
  );
  return child;
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};

const workerOf = async (masterPid: number): Promise<number> =>
  Number(await readFile(`/proc/${String(masterPid)}/task/${String(masterPid)}/children`, 'utf8'));

/** Files below /: `small` of some bytes, `large` sparse. */
const writeFiles = async (directory: string, smallBytes: number, largeBytes: number): Promise<void> => {
  await mkdir(join(directory, 'www'));
  await writeFile(join(directory, 'www', 'small'), 'x'.repeat(smallBytes));
  await writeFile(join(directory, 'www', 'large'), '');
  await truncate(join(directory, 'www', 'large'), largeBytes);
};

/** Two nginx with one worker each: the target, and the proxy that ours is measured against. */
export const startNginx = async (
  directory: string,
  ports: NginxPorts,
  sizes: { readonly smallBytes: number; readonly largeBytes: number },
): Promise<Nginx> => {
  const hasStream = await access(STREAM_MODULE).then(
    () => true,
    () => false,
  );
  await writeFiles(directory, sizes.smallBytes, sizes.largeBytes);
  const target = await start(directory, 'target', targetConfig(directory, ports), ports.target);
  const proxy = await start(directory, 'proxy', proxyConfig(directory, ports, hasStream), ports.http);
  return {
    hasStream,
    workerPid: await workerOf(proxy.pid ?? 0),
    stop: async () => {
      await end(proxy);
      await end(target);
    },
  };
};
