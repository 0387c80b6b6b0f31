import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Files } from './files.ts';
import { clientFile, serverFile, serving } from './topology.ts';
import { bash, type Exchange, START_MS, Twins } from './twins.ts';

const files = new Files();
let twins: Twins;

beforeAll(async () => {
  files.nginx();
  const [nobody, cert, key] = [serverFile('as-nobody.sh'), files.join('cert.pem'), files.join('key.pem')];
  const postgres = ['sh', nobody, 'sh', serverFile('postgres.sh'), files.join('postgres'), cert, key];
  const mariadb = ['sh', nobody, 'sh', serverFile('mariadb.sh'), files.join('mariadb')];
  const redis = ['redis-server', '--save', '', '--protected-mode', 'no', '--bind', '*', '-::*'];
  twins = await Twins.start(
    serving([
      { name: 'postgres', command: postgres, ports: [5432] },
      { name: 'mariadb', command: mariadb, ports: [3306] },
      { name: 'redis', command: redis, ports: [6379] },
      { name: 'memcached', command: ['sh', nobody, 'memcached'], ports: [11_211] },
      { name: 'nats', command: ['nats-server', '-a', '::', '-p', '4222'], ports: [4222] },
    ]),
    // Short, so that a server that speaks first, or late, shows whether anybody waited for the client instead.
    ['--head-timeout', '1s', '--first-byte-timeout', '1s'],
  );
}, START_MS);
afterAll(async () => {
  await twins?.[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

const TALK = clientFile('talk.mjs');

const opaque = (service: string, line: string): Exchange => ({
  service,
  protocol: 'opaque',
  command: bash(line),
});

describe('PostgreSQL', () => {
  const psql = `psql -XAtq 'host=postgres.apps user=postgres sslmode=disable'`;
  const sql = (line: string, session = psql): Exchange =>
    opaque('postgres', line.replaceAll('psql', session));

  test.each([
    ['a query', `psql -c 'select 6 * 7'`, '42'],
    ['an error', `psql -c 'select 1 / 0' 2>&1 || echo failed`, 'division by zero'],
    [
      'a result of several MB',
      `psql -c "select i, md5(i::text), repeat('x', 100) from generate_series(1, 40000) i" | md5sum`,
      '-',
    ],
    [
      'COPY in and out',
      `seq 1 200000 >numbers
      psql -c 'create temporary table t (i int)' -c '\\copy t from numbers' -c '\\copy t to result' -c 'select sum(i) from t'
      cmp numbers result && echo same`,
      '20000100000\nsame',
    ],
    [
      'prepared statements, a transaction, a cursor',
      `psql <<'SQL'
      begin;
      prepare double(int) as select 2 * $1;
      execute double(21);
      declare c cursor for select * from generate_series(1, 1000);
      fetch 3 from c;
      rollback;
SQL`,
      '42\n1\n2\n3',
    ],
    [
      'cancelling a statement',
      `psql -c 'select pg_sleep(60)' >said 2>&1 & sleeper=$!
      until psql -c "select state from pg_stat_activity where query = 'select pg_sleep(60)'" | grep -q active; do :; done
      kill -INT $sleeper; wait $sleeper || echo failed; cat said`,
      'canceling statement',
    ],
    ['a long silence', `psql -c "select pg_sleep(2.5), 'awake'"`, 'awake'],
    ['many short connections', `for i in $(seq 20); do psql -c "select $i"; done`, '19\n20'],
  ])('%s', async (_name, line, part) => {
    const { stdout } = await twins.same(sql(line));
    expect(stdout).toContain(part);
  });

  test('LISTEN and NOTIFY', async () => {
    const line = `(echo 'listen news;'; while [ ! -e done ]; do echo 'select;'; done) | psql >heard &
      until grep -q 'notification "news" with payload "hot"' heard; do psql -c "notify news, 'hot'"; done
      touch done; wait; echo heard it`;
    expect((await twins.same(sql(line))).stdout).toBe('heard it\n');
  });

  test('pgbench, extended protocol, eight at once', async () => {
    const line = `export PGHOST=postgres.apps PGUSER=postgres PGDATABASE=postgres PGSSLMODE=disable
      bin=$(ls -d /usr/lib/postgresql/*/bin/pgbench | tail -n 1)
      $bin -i -q 2>&1 | grep -c done
      $bin -n -S -c 8 -j 2 -t 200 -M extended | grep 'actually processed'`;
    expect((await twins.same(sql(line))).stdout).toContain('1600/1600');
  });

  test('TLS after the greeting', async () => {
    const session = `psql -XAtq 'host=postgres.apps user=postgres sslmode=require'`;
    const line = `psql -c 'select ssl from pg_stat_ssl where pid = pg_backend_pid()' -c "select repeat('y', 3000000)" | md5sum`;
    // Each closes without waiting for the other's goodbye. `strace` shows PostgreSQL close with psql's unread, which is a
    // reset, and psql now and then with PostgreSQL's unread, which is one, too, and then comes first.
    const outcomes = ['ok', 'upstream_reset', 'caller_reset'] as const;
    expect((await twins.same({ ...sql(line, session), outcomes })).stdout).toContain('-');
  });
});

describe('MariaDB', () => {
  const client = 'mariadb --no-defaults --local-infile=1 -h mariadb.apps -u shop -psecret -N -B shop';

  test.each([
    ['a query', `mariadb -e 'select 6 * 7'`, '42'],
    // It names the address that the server saw, which each pod keeps.
    [
      'a wrong password',
      "mariadb -pwrong -e 'select 1' >said 2>&1 || sed 's/@.* (/ (/' said",
      "Access denied for user 'shop' (",
    ],
    [
      'a result of several MB',
      `mariadb -e "select seq, md5(seq), repeat('x', 100) from seq_1_to_40000" | md5sum`,
      '-',
    ],
    [
      'LOAD DATA LOCAL',
      `seq 1 100000 >numbers
      mariadb -e "create temporary table t (i int); load data local infile 'numbers' into table t; select sum(i) from t"`,
      '5000050000',
    ],
    [
      'prepared statements',
      `mariadb -e "prepare twice from 'select 2 * ?'; set @n = 21; execute twice using @n"`,
      '42',
    ],
    ['a blob of 8 MB', `mariadb --max-allowed-packet=32M -e "select repeat('z', 8000000)" | md5sum`, '-'],
    ['a long silence', `mariadb -e "select sleep(2.5), 'awake'"`, 'awake'],
  ])('%s', async (_name, line, part) => {
    const { stdout } = await twins.same(opaque('mariadb', line.replace(/^(\s*)mariadb /m, `$1${client} `)));
    expect(stdout).toContain(part);
  });
});

describe('Redis', () => {
  const cli = 'redis-cli -h redis.apps';

  test.each([
    [
      'inline and RESP',
      `${cli} set a 1; ${cli} -3 incr a; printf 'GET a\\r\\nQUIT\\r\\n' | node ${TALK} redis.apps 6379`,
      '$1\r\n2',
    ],
    ['a value of 8 MB', `${cli} eval "return string.rep('x', 8000000)" 0 | md5sum`, '-'],
    [
      '100,000 commands in a pipe',
      `seq 1 100000 | sed 's/.*/SET key& &/' | ${cli} --pipe`,
      'errors: 0, replies: 100000',
    ],
    ['a blocking command', `${cli} blpop nothing 2`, ''],
    ['a transaction', `printf 'MULTI\\nINCRBY b 0\\nEXEC\\n' | ${cli}`, 'QUEUED'],
    [
      'redis-benchmark, pipelined',
      `redis-benchmark -h redis.apps -t set,get,lpush -n 20000 -c 50 -P 16 -q | grep -c 'requests per second'`,
      '3',
    ],
    [
      'publish and subscribe',
      `${cli} subscribe news >heard & subscriber=$!
      until [ "$(${cli} publish news hot)" = 1 ]; do :; done
      until grep -q hot heard; do :; done
      kill $subscriber; cat heard`,
      'subscribe\nnews\n1\nmessage\nnews\nhot',
    ],
  ])('%s', async (_name, line, part) => {
    const outcomes = ['ok', 'caller_reset', 'upstream_reset'] as const;
    const { stdout } = await twins.same({ ...opaque('redis', line), outcomes });
    expect(stdout).toContain(part);
  });
});

describe('memcached', () => {
  test.each([
    ['a command that looks like HTTP', `printf 'get nothing\\r\\nquit\\r\\n'`, 'END\r\n'],
    [
      'set and get',
      `printf 'set a 0 0 5\\r\\nhello\\r\\nget a\\r\\ndelete a\\r\\nquit\\r\\n'`,
      'hello\r\nEND\r\nDELETED',
    ],
    [
      'a value of 1 MB',
      `(printf 'set b 0 0 1000000\\r\\n'; head -c 1000000 /dev/zero; printf '\\r\\nget b\\r\\nquit\\r\\n')`,
      'STORED',
    ],
  ])('%s', async (_name, input, part) => {
    const { stdout } = await twins.same(
      opaque('memcached', `${input} | node ${TALK} memcached.apps 11211 | tee out | cut -c 1-80; md5sum out`),
    );
    expect(stdout).toContain(part);
  });
});

describe('NATS', () => {
  test('publish, subscribe, queue groups, request and reply, large messages', async () => {
    const { stdout } = await twins.same(opaque('nats', `node ${clientFile('nats.mjs')} nats.apps 4222`));
    expect(stdout).toContain('large: 4 of 4 whole');
  });
});
