/** What `npm audit --json` said: whether the registry has answered at all, and what is known against our packages. */
export type AuditAnswer =
  | { readonly kind: 'clean' }
  | { readonly kind: 'vulnerable'; readonly packages: readonly string[] }
  | { readonly kind: 'unanswered'; readonly reason: string };

interface Report {
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity?: string; readonly range?: string }>
  >;
  readonly message?: string;
}

export function readAudit(text: string): AuditAnswer {
  const report = parse(text);
  if (report?.vulnerabilities === undefined)
    return { kind: 'unanswered', reason: report?.message ?? 'npm says nothing that can be read' };
  const packages = Object.entries(report.vulnerabilities).map(
    ([name, { severity, range }]) => `${name} ${range} (${severity})`,
  );
  return packages.length === 0 ? { kind: 'clean' } : { kind: 'vulnerable', packages };
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
