import { EAFNOSUPPORT, EEXIST, ENOENT, EOPNOTSUPP, ESRCH, errnoText } from '../kernel/errno.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { askKernel, routeSocket } from '../kernel/libc-netlink.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import { outcomeOf } from './nft/answers.ts';
import { attribute } from './nft/attributes.ts';
import { host32 } from './nft/expressions.ts';
import { FAMILY } from './nft/matches.ts';

/**
 * Brings the application's replies back to the agent where that has connected to it in a caller's name: packets with
 * this mark are delivered inside the namespace, wherever they are addressed to.
 *
 * No secret: who sets it on packets of his own keeps them from leaving, and gains nothing.
 */
export const RETURN_MARK = 0x65617374;
const TABLE = RETURN_MARK;
/** Ahead of whatever else may route by source: multus for one puts its rules at 32765. */
const PREFERENCE = 100;

const NEW_ROUTE = 24;
const DELETE_ROUTE = 25;
const NEW_RULE = 32;
const DELETE_RULE = 33;
const REQUEST = 0x1;
const ACK = 0x4;
const EXCLUSIVE = 0x200;
const CREATE = 0x400;

const TO_TABLE = 1;
const STATIC = 4;
const SCOPE_HOST = 254;
const LOCAL = 2;
const LOOPBACK = 1;
const MAIN = 254;
const SCOPE_LINK = 253;
const UNICAST = 1;

type Family = 4 | 6;

/** struct fib_rule_hdr: locally made packets with the mark look into our table. */
const ruleTo = (family: Family): Buffer =>
  Buffer.concat([
    Uint8Array.of(FAMILY[family], 0, 0, 0, 0, 0, 0, TO_TABLE, 0, 0, 0, 0),
    attribute(3, Buffer.from('lo\0')),
    attribute(6, host32(PREFERENCE)),
    attribute(10, host32(RETURN_MARK)),
    attribute(15, host32(TABLE)),
    attribute(16, host32(0xffffffff)),
  ]);

/** struct rtmsg: everything is local there. */
const routeHere = (family: Family): Buffer =>
  Buffer.concat([
    Uint8Array.of(FAMILY[family], 0, 0, 0, 0, STATIC, SCOPE_HOST, LOCAL, 0, 0, 0, 0),
    attribute(4, host32(LOOPBACK)),
    attribute(15, host32(TABLE)),
  ]);

/** A default route over loopback, where nobody is: replies have to be about to leave before they can be brought back. */
const ROUTE_AWAY = Buffer.concat([
  Uint8Array.of(FAMILY[4], 0, 0, 0, MAIN, STATIC, SCOPE_LINK, UNICAST, 0, 0, 0, 0),
  attribute(4, host32(LOOPBACK)),
]);

function message(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(header.length + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(REQUEST | ACK | flags, 6);
  return Buffer.concat([header, body]);
}

/** A rule of routing and a route per family, in one namespace; over netlink, as everything else. */
export class ReturnPath {
  readonly #door: NetnsDoor;
  readonly #netns: Fd;
  /** Open while something is there. */
  #fd: Fd | null = null;
  /** An agent before this one may have left something. */
  #unknown: boolean;

  constructor(door: NetnsDoor, place: { readonly netns: Fd; readonly untouched: boolean }) {
    this.#door = door;
    this.#netns = place.netns;
    this.#unknown = !place.untouched;
  }

  /** Has it for these families, and for no other. True when that was not so already. */
  set(wanted: readonly Family[]): Result<boolean, string> {
    if (wanted.length === 0 && this.#fd === null && !this.#unknown) return ok(false);
    const opened = this.#open();
    if (!opened.ok) return opened;
    let changed = false;
    for (const family of [4, 6] as const) {
      const set = wanted.includes(family) ? lay(opened.value, family) : clear(opened.value, family);
      if (!set.ok) return set;
      changed ||= set.value;
    }
    this.#unknown = false;
    if (wanted.length === 0) this.close();
    return ok(changed);
  }

  /** For a namespace that is made for trying it out, and has no routes. */
  setAway(): Result<boolean, string> {
    const opened = this.#open();
    return opened.ok ? ask(opened.value, message(NEW_ROUTE, CREATE | EXCLUSIVE, ROUTE_AWAY), []) : opened;
  }

  close(): void {
    if (this.#fd !== null) closeFd(this.#fd);
    this.#fd = null;
  }

  #open(): Result<Fd, string> {
    if (this.#fd !== null) return ok(this.#fd);
    const socket = this.#door.inside(this.#netns, routeSocket);
    if (!socket.ok) return socket;
    if (socket.value < 0) return err(`can't talk to the routes: ${errnoText(socket.value)}`);
    this.#fd = socket.value;
    return socket;
  }
}

function lay(fd: Fd, family: Family): Result<boolean, string> {
  const route = ask(fd, message(NEW_ROUTE, CREATE | EXCLUSIVE, routeHere(family)), [-EEXIST]);
  if (!route.ok) return err(`no route for replies by IPv${family}: ${route.error}`);
  const rule = ask(fd, message(NEW_RULE, CREATE | EXCLUSIVE, ruleTo(family)), [-EEXIST]);
  if (!rule.ok) return err(`no rule for replies by IPv${family}: ${rule.error}`);
  return ok(route.value || rule.value);
}

function clear(fd: Fd, family: Family): Result<boolean, string> {
  const rule = ask(fd, message(DELETE_RULE, 0, ruleTo(family)), ABSENT);
  const route = ask(fd, message(DELETE_ROUTE, 0, routeHere(family)), ABSENT);
  if (!rule.ok || !route.ok)
    return err(
      `routes of replies stay: ${[rule, route].flatMap((one) => (one.ok ? [] : [one.error])).join(', ')}`,
    );
  return ok(rule.value || route.value);
}

const ABSENT = [-ENOENT, -ESRCH, -EAFNOSUPPORT, -EOPNOTSUPP];

/** Whether it was done; false where it was so already, which is what those errors say. */
function ask(fd: Fd, request: Buffer, already: readonly number[]): Result<boolean, string> {
  const outcome = outcomeOf(askKernel(fd, request));
  if (outcome.done) return ok(true);
  return already.includes(outcome.errno) ? ok(false) : err(errnoText(outcome.errno));
}
