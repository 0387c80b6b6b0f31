import { fileURLToPath } from 'node:url';

const script = (name: string): string => fileURLToPath(new URL(`scripts/${name}`, import.meta.url));

/** Fixed helper scripts; everything that varies reaches them as arguments or on standard input. */
export const CREATE_NETNS = script('create-netns.sh');
export const CONFIGURE_NETNS = script('configure-netns.sh');
export const JOIN_CGROUP = script('join-cgroup.sh');
export const CONTAINER_INIT = script('container-init.sh');
export const DIAL = script('dial.mjs');
