import { execFile } from 'node:child_process';

/** wrk exits 1 where it is only asked for its version: being there is enough. */
const isThere = (program: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(program, ['-v'], (error) => {
      resolve(error?.code !== 'ENOENT');
    });
  });

/** Why the proxy cannot be measured against nginx on this machine; null where it can. */
export const proxyObstacle = async (): Promise<string | null> => {
  const missing: string[] = [];
  for (const program of ['wrk', 'nginx']) if (!(await isThere(program))) missing.push(program);
  return missing.length === 0
    ? null
    : `there is no ${missing.join(' and no ')} (apt-get install wrk nginx libnginx-mod-stream)`;
};
