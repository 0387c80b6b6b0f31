import type { Destination } from '@eastwall/policy';

/** `shop/billing:80`; for what no Service names, the host the caller asked for, else the address it dialled. */
export function destinationName(destination: Destination, host: string): string {
  const service = destination.services[0];
  if (service !== undefined)
    return `${service.namespace}/${service.service}:${service.port || destination.port}`;
  const address = destination.ip.includes(':') ? `[${destination.ip}]` : destination.ip;
  return host === '' ? `${address}:${destination.port}` : host;
}
