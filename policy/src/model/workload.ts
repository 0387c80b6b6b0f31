/** Who calls: one pod, as the kernel and the kube API describe it. Never built from anything the pod says. */
export interface Workload {
  readonly uid: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly serviceAccount: string;
  /** The controller that owns the pod, e.g. `Deployment`; `Pod` when nothing owns it. */
  readonly kind: string;
  /** Name of that controller, or of the pod itself. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Set aside by somebody or by a guard: nothing that it asks for passes. */
  readonly quarantined?: true;
}
