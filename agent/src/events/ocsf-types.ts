/**
 * The part of OCSF 1.5.0 that is written, named as in https://schema.ocsf.io/1.5.0. Tests hold what is written against
 * the schema's own lists of attributes.
 */
export const OCSF_VERSION = '1.5.0';

export type OcsfEvent = NetworkEvent | DetectionFinding;

interface BaseEvent {
  readonly activity_id: number;
  readonly activity_name: string;
  readonly category_uid: number;
  readonly category_name: string;
  readonly class_uid: number;
  readonly class_name: string;
  /** `class_uid` × 100 + `activity_id` */
  readonly type_uid: number;
  readonly type_name: string;
  /** Milliseconds since the epoch, as all times are. */
  readonly time: number;
  readonly start_time: number;
  readonly end_time: number;
  readonly duration: number;
  readonly severity_id: number;
  readonly severity: string;
  readonly status_id: number;
  readonly status: string;
  readonly message: string;
  readonly metadata: Metadata;
  /** Of the profile `security_control`. */
  readonly action_id: 1 | 2;
  readonly action: string;
  readonly disposition_id: number;
  readonly disposition: string;
  /** The node that it was seen on. */
  readonly device: { readonly type_id: 1; readonly type: 'Server'; readonly hostname: string };
}

/** HTTP Activity (4002); Network Activity (4001) for connections of which no request was read. */
export interface NetworkEvent extends BaseEvent {
  readonly status_code: string;
  readonly status_detail: string;
  readonly actor?: Actor;
  readonly src_endpoint?: Endpoint;
  readonly dst_endpoint: Endpoint;
  readonly connection_info: ConnectionInfo;
  readonly traffic: { readonly bytes: number; readonly bytes_in: number; readonly bytes_out: number };
  readonly policy?: { readonly name: string; readonly is_applied: boolean };
  readonly firewall_rule?: { readonly name: string };
  readonly http_request?: HttpRequest;
  readonly http_response?: { readonly code: number; readonly latency: number };
  readonly http_status?: number;
}

export interface DetectionFinding extends BaseEvent {
  readonly count: number;
  readonly confidence_id: number;
  readonly confidence: string;
  readonly is_alert: boolean;
  readonly finding_info: FindingInfo;
  readonly evidences: readonly Evidence[];
  readonly resources: readonly Resource[];
  readonly remediation: { readonly desc: string };
}

export interface Metadata {
  readonly version: typeof OCSF_VERSION;
  readonly product: { readonly name: string; readonly vendor_name: string; readonly version: string };
  readonly profiles: readonly string[];
  readonly uid: string;
  /** Decision id, or id of the finding: what events share that belong together. */
  readonly correlation_uid: string;
  /** Reason of the decision, or id of the detection. */
  readonly event_code: string;
  readonly log_name: 'eastwall';
}

export interface Actor {
  readonly app_name: string;
  readonly app_uid?: string;
  readonly user: { readonly name: string; readonly type_id: 99; readonly type: 'Service Account' };
}

export interface Endpoint {
  readonly name?: string;
  readonly uid?: string;
  readonly ip?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly svc_name?: string;
}

export interface ConnectionInfo {
  readonly direction_id: 2 | 3;
  readonly direction: 'Outbound' | 'Lateral';
  readonly protocol_name: 'tcp';
  readonly protocol_num: 6;
  readonly protocol_ver_id: 4 | 6;
}

export interface HttpRequest {
  readonly uid: string;
  readonly http_method?: string;
  readonly version?: string;
  readonly url?: { readonly path: string; readonly port: number; readonly hostname?: string };
}

export interface FindingInfo {
  readonly uid: string;
  readonly title: string;
  readonly desc: string;
  readonly types: readonly string[];
  readonly analytic: {
    readonly type_id: 1 | 2;
    readonly type: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly attacks: readonly Attack[];
  readonly created_time: number;
  readonly first_seen_time: number;
  readonly last_seen_time: number;
  readonly related_events?: readonly { readonly uid: string }[];
}

export interface Attack {
  readonly technique: { readonly uid: string };
  readonly sub_technique?: { readonly uid: string };
  readonly version?: string;
}

export interface Evidence {
  readonly actor: Actor;
  readonly src_endpoint: Endpoint;
  readonly dst_endpoint: Endpoint;
  /** Facts of our own: counts, rates and words, never a value. */
  readonly data: Readonly<Record<string, number | string | boolean>>;
}

export interface Resource {
  readonly name: string;
  readonly type: 'Service' | 'Host';
  readonly namespace?: string;
  readonly data?: { readonly operation: string };
}
