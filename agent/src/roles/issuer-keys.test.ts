import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import type { IssuerKeys } from '../identity/issuer.ts';
import { IssuerWatch } from './issuer-keys.ts';

const PATIENCE = { timeout: 10_000, interval: 5 };

async function anIssuer() {
  const answer = { status: 200, body: JSON.stringify({ keys: [{ kid: 'a' }] }) };
  const server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  return { answer, url, [Symbol.dispose]: () => void server.close() };
}

function watching(url: string) {
  const told: (readonly IssuerKeys[])[] = [];
  const problems: object[] = [];
  const watch = new IssuerWatch({
    issuers: [{ issuer: 'https://idp.example', jwksUrl: url, audience: null }],
    refreshMs: 10,
    onKeys: (keys) => told.push(keys),
    log: { info: (fields) => problems.push(fields), warn: (fields) => problems.push(fields) },
  });
  watch.start();
  return { watch, told, problems, [Symbol.dispose]: () => watch.stop() };
}

test('tells of keys when they come, and again only when they change', async () => {
  using issuer = await anIssuer();
  using run = watching(issuer.url);
  await vi.waitFor(() => expect(run.told).toHaveLength(1), PATIENCE);
  expect(run.told[0]).toEqual([{ issuer: 'https://idp.example', audience: null, keys: [{ kid: 'a' }] }]);
  issuer.answer.body = JSON.stringify({ keys: [{ kid: 'b' }] });
  await vi.waitFor(() => expect(run.told).toHaveLength(2), PATIENCE);
});

test.each([
  ['an error', { status: 500, body: '' }],
  ['no JSON', { status: 200, body: 'keys' }],
  ['no keys', { status: 200, body: '{}' }],
  ['far too much', { status: 200, body: JSON.stringify({ keys: ['x'.repeat(300_000)] }) }],
])('says what is wrong with an issuer that answers %s', async (_, answer) => {
  using issuer = await anIssuer();
  Object.assign(issuer.answer, answer);
  using run = watching(issuer.url);
  await vi.waitFor(() => expect(run.problems).toMatchObject([{ issuer: 'https://idp.example' }]), PATIENCE);
  expect(run.told).toEqual([]);
});

test('says which issuers can not be asked, and that the last keys stay in use', async () => {
  using issuer = await anIssuer();
  using run = watching(issuer.url);
  const about = { issuer: 'https://idp.example' };
  expect(run.watch.status()).toEqual([{ ...about, keys: 0, problem: 'not answered yet' }]);
  await vi.waitFor(
    () => expect(run.watch.status()).toEqual([{ ...about, keys: 1, problem: null }]),
    PATIENCE,
  );
  issuer.answer.status = 503;
  await vi.waitFor(
    () => expect(run.watch.status()).toEqual([{ ...about, keys: 1, problem: 'status 503' }]),
    PATIENCE,
  );
  expect(run.problems).toEqual([{ ...about, problem: 'status 503' }]);
});

test('leaves out what is no key', async () => {
  using issuer = await anIssuer();
  issuer.answer.body = JSON.stringify({ keys: [[], null, 'x', { kid: 'a' }] });
  using run = watching(issuer.url);
  await vi.waitFor(() => expect(run.told[0]).toMatchObject([{ keys: [{ kid: 'a' }] }]), PATIENCE);
});
