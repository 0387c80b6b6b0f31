/**
 * What OCSF 1.5.0 says of the classes and objects that Eastwall writes: their attributes, and what an enum knows, without
 * those of profiles that are not applied. Facts of the published schema (https://schema.ocsf.io/1.5.0;
 * github.com/ocsf/ocsf-schema, tag v1.5.0), compared one by one with a copy of that version as a whole
 * (github.com/mcm/pydantic-ocsf, `.schema_cache/ocsf-schema-v1.5.0.json`) for `events/network/{network,network_activity,
 * http_activity}.json`, `events/findings/{finding,detection_finding}.json`, `objects/*.json` and enums of `dictionary.json`.
 * The copy has no profiles: those of `profiles/security_control.json` are of a later version, as far as 1.5.0 marks them as
 * a profile's in `detection_finding`. `!` required, `?` recommended, `[]` a list; behind `:` the object, or what an enum knows.
 */
const BASE = `activity_id! activity_name category_uid! category_name class_uid! class_name count duration end_time
  enrichments[] message? metadata!:metadata observables[]? raw_data raw_data_size severity_id!:0-6,99 severity start_time status_code?
  status_detail? status_id? status? time! timezone_offset? type_uid! type_name unmapped`;

const SECURITY_CONTROL = `action action_id?:0-2,99 attacks[]:attack authorizations[] disposition disposition_id?:0-27,99 firewall_rule:firewall_rule
  malware[] policy:policy confidence confidence_id?:0-3,99 confidence_score is_alert? risk_details risk_level risk_level_id risk_score`;
const HOST = 'actor:actor device?:device';
const NETWORK = `${BASE} ${SECURITY_CONTROL} ${HOST} status_id?:0-2,99 app_name connection_info?:network_connection_info
  dst_endpoint?:network_endpoint ja4_fingerprint_list[] proxy? src_endpoint?:network_endpoint tls traffic?:network_traffic`;

const NETWORK_ENDPOINT = `name? uid? agent_list[] domain hostname? hw_info instance_uid? interface_name? interface_uid? ip? location mac os
  owner? subnet_uid type type_id?:0-15,99 vlan_uid vpc_uid zone autonomous_system intermediate_ips[] isp isp_org port? proxy_endpoint
  svc_name?`;

const SOURCES: Readonly<Record<string, string>> = {
  http_activity: `${NETWORK} activity_id!:0-8,99 file http_cookies[]? http_request?:http_request http_response?:http_response http_status?`,
  network_activity: `${NETWORK} activity_id!:0-7,99 url?:url`,
  detection_finding: `${BASE} ${SECURITY_CONTROL} activity_id!:0-3,99 status_id?:0-5,99 comment
    device?:device finding_info!:finding_info vendor_attributes anomaly_analyses[] evidences[]?:evidences impact impact_id impact_score
    malware_scan_info remediation:remediation resources[]?:resource_details vulnerabilities[]`,
  metadata: `correlation_uid debug[] event_code extension extensions[] labels[] log_level log_name? log_provider? log_version?
    logged_time? loggers[] modified_time original_time? processed_time product!:product profiles[] sequence tags[] tenant_uid?
    transformation_info_list[] uid version!`,
  product: 'name? uid? cpe_name feature lang path url_string vendor_name? version?',
  actor: 'app_name app_uid authorizations[] idp invoked_by process? session user?:user',
  user: `name? uid? account credential_uid display_name domain email_addr forward_addr full_name groups[] has_mfa? ldap_person org
    phone_number risk_level risk_level_id risk_score type type_id?:0-3,99 uid_alt`,
  device: `name? uid? agent_list[] domain hostname? hw_info instance_uid? interface_name? interface_uid? ip? location mac os owner?
    subnet_uid type type_id!:0-15,99 vlan_uid vpc_uid zone autoscale_uid boot_time boot_uid created_time desc eid first_seen_time
    groups[] hypervisor image iccid imei imei_list[] is_backed_up is_compliant is_managed is_mobile_account_active is_personal
    is_shared is_supervised is_trusted last_seen_time meid model modified_time network_interfaces[] org os_machine_uuid region?
    risk_level risk_level_id risk_score subnet udid uid_alt vendor_name?`,
  network_endpoint: NETWORK_ENDPOINT,
  network_connection_info: `boundary boundary_id? community_uid direction direction_id!:0-3,99 flag_history protocol_name? protocol_num?
    protocol_ver protocol_ver_id?:0,4,6,99 session tcp_flags uid?`,
  network_traffic: `bytes? bytes_in bytes_missed bytes_out chunks chunks_in chunks_out packets? packets_in packets_out`,
  policy: 'name? uid? data desc group is_applied? version?',
  firewall_rule: `name uid category desc type version condition duration match_details[] match_location rate_limit sensitivity`,
  http_request: `args body_length http_headers[]? http_method?:CONNECT,DELETE,GET,HEAD,OPTIONS,POST,PUT,TRACE length referrer uid url?:url user_agent? version? x_forwarded_for[]`,
  http_response: 'body_length code! content_type http_headers[]? latency length message status',
  url: `categories[] category_ids[]? domain hostname? path? port? query_string? resource_type scheme? subdomain url_string?`,
  finding_info: `analytic?:analytic attacks[]:attack created_time data_sources[] desc first_seen_time kill_chain[] last_seen_time
    modified_time product product_uid related_analytics[] related_events[]:related_event related_events_count src_url tags[] title?
    traits[] types[] uid! uid_alt`,
  analytic: 'name? uid? algorithm category desc related_analytics[] type type_id!:0-11,99 version',
  attack: `mitigation sub_technique?:sub_technique tactic? tactics[] technique?:technique version?`,
  technique: 'name? uid? src_url',
  sub_technique: 'name? uid? src_url',
  related_event: `attacks[] count created_time desc first_seen_time kill_chain[] last_seen_time modified_time observables[] product
    product_uid severity severity_id? status tags[] title traits[] type type_name type_uid? uid!`,
  evidences: `name uid actor?:actor api? connection_info? container? data database? databucket? device?
    dst_endpoint?:network_endpoint email? file? http_request? http_response? ja4_fingerprint_list[]? job? process? query? resources[]?
    script? src_endpoint?:network_endpoint tls? url? user? verdict verdict_id`,
  resource_details: `name? uid? created_time data labels[] modified_time tags[] type uid_alt agent_list[] criticality group
    hostname? ip? is_backed_up namespace owner? resource_relationship version`,
  remediation: 'cis_controls[] desc! kb_article_list[] kb_articles[] references[]',
};

/** At least one of them has to be there. `just_one` constrains nothing that is written. */
const AT_LEAST_ONE: Readonly<Record<string, readonly string[]>> = {
  http_activity: ['http_request', 'http_response'],
  network_activity: ['dst_endpoint', 'src_endpoint'],
  product: ['name', 'uid'],
  actor: ['process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid'],
  user: ['account', 'name', 'uid'],
  device: ['ip', 'uid', 'name', 'hostname', 'instance_uid', 'interface_uid', 'interface_name'],
  network_endpoint: [
    'ip',
    'uid',
    'name',
    'hostname',
    'svc_name',
    'instance_uid',
    'interface_uid',
    'interface_name',
    'domain',
  ],
  policy: ['name', 'uid'],
  firewall_rule: ['name', 'uid'],
  url: ['url_string', 'path'],
  analytic: ['name', 'uid'],
  attack: ['tactic', 'technique', 'sub_technique'],
  technique: ['name', 'uid'],
  sub_technique: ['name', 'uid'],
  resource_details: ['name', 'uid'],
  evidences: [
    'actor',
    'api',
    'connection_info',
    'data',
    'database',
    'databucket',
    'device',
    'dst_endpoint',
    'email',
    'file',
    'process',
    'query',
    'resources',
    'src_endpoint',
    'url',
    'user',
    'job',
    'script',
  ],
};

export const CLASSES: Readonly<Record<number, string>> = {
  2004: 'detection_finding',
  4001: 'network_activity',
  4002: 'http_activity',
};

interface Attribute {
  readonly name: string;
  readonly requirement: 'required' | 'recommended' | 'optional';
  readonly list: boolean;
  readonly object: string | null;
  readonly known: ReadonlySet<unknown> | null;
}

const SCHEMA = new Map(Object.entries(SOURCES).map(([name, source]) => [name, attributesOf(source)]));

/** Later ones count: a class says more of what it inherits. */
function attributesOf(source: string): ReadonlyMap<string, Attribute> {
  return new Map(
    source
      .trim()
      .split(/\s+/)
      .map((text) => {
        const [, name = '', list, need, of] = /^([a-z0-9_]+)(\[\])?([!?])?(?::(.+))?$/.exec(text) ?? [];
        const isEnum = of !== undefined && /^[\dA-Z]/.test(of);
        const requirement = need === '!' ? 'required' : need === '?' ? 'recommended' : 'optional';
        return [
          name,
          {
            name,
            requirement,
            list: list !== undefined,
            object: of === undefined || isEnum ? null : of,
            known: isEnum ? enumOf(of) : null,
          },
        ] as const;
      }),
  );
}

function enumOf(ranges: string): ReadonlySet<unknown> {
  return new Set(
    ranges.split(',').flatMap((range): unknown[] => {
      if (!/^\d/.test(range)) return [range];
      const [from = 0, to = from] = range.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    }),
  );
}

/** What is wrong with an event by the schema; empty when nothing is. */
export function violations(event: object): string[] {
  const name = CLASSES[(event as { class_uid: number }).class_uid];
  return name === undefined ? ['an unknown class'] : checkObject(name, event as Fields, name);
}

/** Recommended attributes of the event's class that it does not give. */
export function leftOut(event: object): string[] {
  const name = CLASSES[(event as { class_uid: number }).class_uid] ?? '';
  return [...(SCHEMA.get(name)?.values() ?? [])]
    .filter((attribute) => attribute.requirement === 'recommended' && !(attribute.name in event))
    .map((attribute) => attribute.name)
    .sort();
}

type Fields = Readonly<Record<string, unknown>>;

function checkObject(object: string, fields: Fields, path: string): string[] {
  const attributes = SCHEMA.get(object);
  if (attributes === undefined) return [`${path}: no such object as ${object}`];
  const any = AT_LEAST_ONE[object];
  return [
    ...[...attributes.values()]
      .filter(({ name, requirement }) => requirement === 'required' && fields[name] === undefined)
      .map(({ name }) => `${path}.${name} is missing`),
    ...(any === undefined || any.some((name) => fields[name] !== undefined)
      ? []
      : [`${path} has none of ${any.join(', ')}`]),
    ...Object.entries(fields).flatMap(([name, value]) =>
      checkAttribute(attributes.get(name), value, `${path}.${name}`),
    ),
  ];
}

function checkAttribute(attribute: Attribute | undefined, value: unknown, path: string): string[] {
  if (attribute === undefined) return [`${path} is unknown`];
  if (attribute.list !== Array.isArray(value)) return [`${path} is ${attribute.list ? 'no' : 'a'} list`];
  if (attribute.list)
    return (value as unknown[]).flatMap((item, index) =>
      checkAttribute({ ...attribute, list: false }, item, `${path}[${index}]`),
    );
  if (value === undefined || value === null || value === '') return [`${path} is empty`];
  if (attribute.known !== null) return attribute.known.has(value) ? [] : [`${path} is ${value}`];
  if (attribute.object !== null) return checkObject(attribute.object, value as Fields, path);
  return typeof value === 'number' && !Number.isInteger(value) ? [`${path} is no integer`] : [];
}
