import { describe, expect, it } from 'vitest';
import { agentStatus } from '../../../testing/agent-status.ts';
import { plain } from './colour.ts';
import { statusText } from './status-text.ts';

const style = { paint: plain, wide: false, now: 60_000 };

describe('statusText', () => {
  it('shows what is covered, what is not and why', () => {
    expect(statusText(agentStatus(), style)).toBe(`node node-1: ready; eastwall 0.1.0, pid 100, up 60s
cluster: known as of 1s ago; 5 services, 6 endpoint slices
own connections are exempt by cgroup: cgroup v2 is mounted; rules put back 2 times, last looked at 3s ago
rules by nft; the kernel enforces fail modes, ownership of the agent's port, a conntrack zone of the agent's own
not enforced: a guard against frames past the rules: the kernel has no such hook
when the agent stops for good, rules are removed and pods go direct, but for those in fail mode \`closed\`

NAMESPACE   POD          STATE      REASON
shop        frontend-1   enrolled
shop        logger-1     refused    it shares the node's network

KIND           POLICY         MODE      STATUS
ApiPolicy      shop/orders    Enforce   in force
EgressPolicy   shop/billing   -         refused: spec.mode: must be one of \`Off\`, \`Audit\`, \`Enforce\`

DATAPLANE   STATE     PID   UID     CAPS   PODS   CONNECTIONS   RESTARTS
0           serving   101   65534   none   1      12            3

flow records: 10 kept, 0 readers

limits: mode lease, shared in redis://limits:6379/0; 3 buckets, 17 refused
`);
  });

  it('names those that other nodes show more ids than they tell', () => {
    const status = agentStatus();
    const dataplanes = status.dataplanes.map((one) => ({
      ...one,
      partlyKnown: ['shop/Job/export'],
      askedUnseen: ['shop/Job/web'],
    }));
    expect(statusText({ ...status, dataplanes }, style)).toContain(
      'shown more ids elsewhere than is told, so unexplained ids are not held against them: shop/Job/export\n\n' +
        'also asked over connections from before they were observed, so judged as if they were not: shop/Job/web\n',
    );
  });

  it('says what becomes of new connections where the kernel enforces no fail modes', () => {
    const able = agentStatus();
    const abilities = [{ ability: 'fail-modes', problem: 'no timed sets' }] as const;
    const [pod] = able.pods;
    if (pod === undefined) throw new Error('no pod');
    const pods = (['open', 'closed'] as const).map((failMode) => ({ ...pod, pod: failMode, failMode }));
    const text = (onExit: 'remove' | 'keep') =>
      statusText(agentStatus({ pods, onExit, capture: { ...able.capture, abilities } }), {
        ...style,
        wide: true,
      });
    expect(text('remove')).toMatch(/ closed .* closed .*\n.* open .* open once stopped /);
    expect(text('remove')).toContain('rules are removed and pods go direct');
    expect(text('keep')).toMatch(/ closed .* closed .*\n.* open .* not enforced /);
    expect(text('keep')).toContain('rules stay, and new connections are refused until there is another\n');
  });

  it('says why namespaces can not be followed', () => {
    const status = agentStatus();
    const capture = { ...status.capture, directoryProblem: 'EIO: i/o error' };
    expect(statusText({ ...status, capture }, style)).toContain('\nnetwork namespaces: EIO: i/o error\n');
  });

  it('says why guards hear less of other nodes', () => {
    const problem = "can't listen: NOPERM";
    expect(statusText(agentStatus({ news: { problem } }), style)).toContain(
      `\nguards hear less of other nodes: ${problem}\n`,
    );
    expect(statusText(agentStatus({ news: null }), style)).not.toContain('guards hear');
  });

  it('says which pods are set aside', () => {
    const pods = agentStatus().pods.map((pod) => ({ ...pod, quarantined: 'guard' as const }));
    const text = statusText(agentStatus({ pods }), style);
    expect(text).toMatch(/frontend-1 +enrolled +quarantined by a guard\n/);
    expect(text).toContain("quarantined by a guard; it shares the node's network\n");
  });

  it('says whose tokens are verified, and whose keys can not be had', () => {
    const issuers = [
      { issuer: 'https://a.example', keys: 1, problem: null },
      { issuer: 'https://b.example', keys: 0, problem: 'connect ECONNREFUSED 10.0.0.1:443' },
    ];
    expect(statusText(agentStatus({ issuers }), style)).toContain(
      'tokens of https://a.example: 1 key\n' +
        'tokens of https://b.example: 0 keys; connect ECONNREFUSED 10.0.0.1:443\n',
    );
  });

  it('says where events go, and what became of them', () => {
    const sink = {
      sink: 'webhook',
      accepted: 12,
      delivered: 7,
      retries: 2,
      dropped: { queue_full: 0, spool_full: 3 },
      waitingBytes: 2_048,
      problem: 'https://siem answers 503',
    };
    expect(
      statusText(agentStatus({ sinks: [sink] }), style)
        .split('\n')
        .slice(-2),
    ).toEqual([
      'events to webhook: 12 taken, 7 delivered, 2.0KiB waiting; 3 dropped (spool full); https://siem answers 503',
      '',
    ]);
  });

  it('says what a policy overrules', () => {
    const [policy] = agentStatus().policies;
    if (policy === undefined) throw new Error('no policy');
    const text = statusText(
      agentStatus({ policies: [{ ...policy, note: 'declared opaque, but enforced' }] }),
      style,
    );
    expect(text).toMatch(/shop\/orders +Enforce +in force; declared opaque, but enforced\n/);
  });

  it('shows more with -o wide', () => {
    const text = statusText(agentStatus(), { ...style, wide: true });
    expect(text).toMatch(/frontend-1 +enrolled +Deployment\/frontend +0 +closed +for its ids +yes\/NO +3\n/);
    expect(text).toMatch(/57\.2MiB +1\.5ms +yes +SIGKILL +owns nothing\n/);
  });

  it('says loudly what is wrong', () => {
    const [dataplane] = agentStatus().dataplanes;
    if (dataplane === undefined) throw new Error('no dataplane');
    const text = statusText(
      agentStatus({
        ready: false,
        waitingFor: ['kube', 'capture'],
        onExit: 'keep',
        kube: {
          ...agentStatus().kube,
          ageMs: null,
          missingKinds: ['EgressPolicy'],
          problems: ['connection refused'],
        },
        pods: [],
        dataplanes: [
          {
            ...dataplane,
            state: 'waiting',
            pid: null,
            capabilities: { effective: '1fffe', permitted: '0', bounding: '0' },
            heldConnections: 4,
          },
        ],
        flows: { kept: 1, tails: 1, droppedByDataplanes: 2, droppedForTails: 3 },
      }),
      style,
    );
    expect(text).toContain('node node-1: not ready, waiting for kube, capture; ');
    expect(text).toContain('cluster: no answer yet; ');
    expect(text).toContain('cluster: connection refused\n');
    expect(text).toContain('rules stay and fail modes take effect\n');
    expect(text).toContain('no pods on this node\n');
    expect(text).toContain('the EgressPolicy type is not installed in the cluster\n');
    expect(text).toMatch(/0 +waiting +- +65534 +1fffe\/0 +1 +12 \(4 held\) +3\n/);
    expect(text).toContain('flow records: 1 kept, 1 reader, 5 lost\n');
  });
});
