import { isIPv4, isIPv6 } from 'node:net';

const IP_PORT = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):([1-9]\d{0,4})$/;

/**
 * Is this `IP:port`, with IPv6 in brackets? Never a host name: resolving one may take the configuration of a tunnel
 * 20 s, and tells a resolver who belongs to the cluster.
 */
export const isIpPort = (text: string): boolean => {
  const [, six, four, port] = IP_PORT.exec(text) ?? [];
  return (six === undefined ? isIPv4(four ?? '') : isIPv6(six)) && Number(port) <= 65_535;
};
