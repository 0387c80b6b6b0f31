/** The few fields of a Service that decide where a connection goes. */
export interface ServiceEntry {
  readonly namespace: string;
  readonly name: string;
  /** All cluster IPs (dual-stack), external IPs and load-balancer IPs; empty for headless. */
  readonly ips: readonly string[];
  readonly ports: readonly { readonly name: string; readonly port: number }[];
}

/** One EndpointSlice: the pod addresses behind a Service, with the target ports by port name. */
export interface SliceEntry {
  readonly namespace: string;
  readonly name: string;
  /** From the label `kubernetes.io/service-name`. */
  readonly service: string;
  readonly ips: readonly string[];
  readonly ports: readonly { readonly name: string; readonly port: number }[];
}
