{{- define "eastwall.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects: never changes in the life of a release. Call with (list . component). */}}
{{- define "eastwall.selector" -}}
{{- $top := index . 0 -}}
app.kubernetes.io/name: {{ $top.Chart.Name }}
app.kubernetes.io/instance: {{ $top.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "eastwall.labels" -}}
{{- $top := index . 0 -}}
{{ include "eastwall.selector" . }}
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $top.Chart.Name $top.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "eastwall.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "eastwall.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "eastwall.fullname" .) -}}
{{- end -}}

{{/* Comma-separated. */}}
{{- define "eastwall.excludedNamespaces" -}}
{{- append (.Values.excludedNamespaces | default list) .Release.Namespace | uniq | join "," -}}
{{- end -}}

{{- define "eastwall.metricsSecret" -}}
{{- .Values.metrics.existingSecret | default (printf "%s-metrics" (include "eastwall.fullname" .)) -}}
{{- end -}}

{{- define "eastwall.releaseMark" -}}
{{- include "eastwall.fullname" . }}-release
{{- end -}}

{{/* Of the store; empty when it has none. */}}
{{- define "eastwall.storeSecret" -}}
{{- if eq .Values.redis.mode "embedded" -}}
{{- .Values.redis.embedded.existingSecret | default (printf "%s-redis" (include "eastwall.fullname" .)) -}}
{{- else if eq .Values.redis.mode "external" -}}
{{- .Values.redis.external.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "eastwall.storeUrl" -}}
{{- if eq .Values.redis.mode "embedded" -}}
redis://{{ include "eastwall.fullname" . }}-redis.{{ .Release.Namespace }}.svc:6379/0
{{- else if eq .Values.redis.mode "external" -}}
{{- required "redis.external.url is needed with redis.mode: external" .Values.redis.external.url -}}
{{- end -}}
{{- end -}}

{{/* Not empty when events, or what was learnt, are written to the node. */}}
{{- define "eastwall.keepsEvents" -}}
{{- with .Values.settings -}}
{{- if or .webhookUrl .otlpUrl .eventFile (hasPrefix "/var/lib/eastwall" (.learnedDir | default "")) }}yes{{ end -}}
{{- end -}}
{{- end -}}

{{/* Ends it where the agent could not read, or write, what its settings name: else every node would say so, and later. */}}
{{- define "eastwall.checkPaths" -}}
{{- $settings := .Values.settings | default dict -}}
{{- range list "webhookTokenFile" "webhookCaFile" "otlpTokenFile" "otlpCaFile" -}}
{{- if and (hasPrefix "/etc/eastwall/events/" (get $settings .)) (not $.Values.events.existingSecret) -}}
{{- fail (printf "settings.%s: events.existingSecret has to name the Secret that this file is a key of" .) -}}
{{- end -}}
{{- end -}}
{{- range list "eventFile" "learnedDir" -}}
{{- $path := get $settings . -}}
{{- if and (isAbs $path) (not (regexMatch "^/(var/lib|run)/eastwall(/|$)" $path)) -}}
{{- fail (printf "settings.%s: only what is below /var/lib/eastwall (events.directory of the node) or /run/eastwall can be written to" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
A setting as the agent reads it. Numbers of a values file are floats, which Go writes as 1e+06; `on` and `off` without
quotes are booleans.
*/}}
{{- define "eastwall.settingText" -}}
{{- if kindIs "bool" . -}}
{{- ternary "on" "off" . -}}
{{- else if kindIs "float64" . -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{/* Not by `default`, for which `off` as a boolean is no value. */}}
{{- define "eastwall.nodePorts" -}}
{{- if hasKey (.Values.settings | default dict) "nodePorts" -}}
{{- include "eastwall.settingText" .Values.settings.nodePorts -}}
{{- else -}}
on
{{- end -}}
{{- end -}}

{{/* Empty when the agent listens on its socket only. */}}
{{- define "eastwall.adminPort" -}}
{{- if hasKey (.Values.settings | default dict) "adminAddress" -}}
{{- include "eastwall.settingText" .Values.settings.adminAddress | regexFind "[0-9]+$" -}}
{{- else -}}
9465
{{- end -}}
{{- end -}}

{{/* Not empty when the value of a monitor asks for it. Call with (list . kind value). */}}
{{- define "eastwall.monitors" -}}
{{- $top := index . 0 -}}
{{- $known := $top.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (index . 1)) -}}
{{- $wanted := toString (index . 2) -}}
{{- if or (eq $wanted "true") (and $known (eq $wanted "auto")) }}yes{{ end -}}
{{- end -}}

{{/* What both kinds of monitors say of an agent's endpoint. Call with (list . values-of-the-monitor). */}}
{{- define "eastwall.scrape" -}}
port: metrics
path: /metrics
interval: {{ (index . 1).interval }}
authorization:
  type: Bearer
  credentials:
    name: {{ include "eastwall.metricsSecret" (index . 0) }}
    key: token
relabelings:
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
{{- end -}}

{{- define "eastwall.kubeEvents" -}}
{{- with (.Values.settings).kubeEvents -}}
{{- include "eastwall.settingText" . -}}
{{- end -}}
{{- end -}}

{{/* A duration of the settings (`5m`, `90s`), in whole seconds. */}}
{{- define "eastwall.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "h" }}{{ mul $number 3600 }}
{{- else if eq $unit "m" }}{{ mul $number 60 }}
{{- else if eq $unit "s" }}{{ $number }}
{{- else }}{{ div (add $number 999) 1000 }}
{{- end -}}
{{- end -}}

{{/* A Secret's value that is made once: what the cluster has, else a new one. Call with (list . secret key). */}}
{{- define "eastwall.keptSecret" -}}
{{- $top := index . 0 -}}
{{- $found := lookup "v1" "Secret" $top.Release.Namespace (index . 1) | default dict -}}
{{- $value := index ($found.data | default dict) (index . 2) -}}
{{- if $value }}{{ b64dec $value }}{{ else }}{{ randAlphaNum 40 }}{{ end -}}
{{- end -}}

{{/* The capabilities that the agent uses; `eastwall preflight` says what each is for. */}}
{{- define "eastwall.securityContext" -}}
runAsUser: 0
runAsGroup: 0
runAsNonRoot: false
privileged: false
# The API refuses `false` beside SYS_ADMIN. Dataplanes, which read foreign bytes, set no_new_privs themselves.
allowPrivilegeEscalation: true
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  add:
    # Enter pods' network namespaces, and make one to try the kernel out in.
    - SYS_ADMIN
    # Rules in them, and marks on the agent's own sockets.
    - NET_ADMIN
    # Start dataplanes as nobody, without any capability, and be able to end them.
    - SETUID
    - SETGID
    - SETPCAP
    - KILL
    {{- if .Values.security.legacyIptables }}
    # iptables of old opens a raw socket.
    - NET_RAW
    {{- end }}
seccompProfile:
  type: RuntimeDefault
{{- with .Values.security.appArmorProfile }}
appArmorProfile:
  type: {{ . }}
{{- end }}
{{- with .Values.security.seLinuxOptions }}
seLinuxOptions: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* For the agent and for preflight, which is to see what the agent sees. */}}
{{- define "eastwall.env" -}}
- name: EASTWALL_NODE
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: EASTWALL_NETNS_DIR
  value: /run/netns
- name: EASTWALL_RUN_DIR
  value: /run/eastwall
- name: EASTWALL_EXCLUDED_NAMESPACES
  value: {{ include "eastwall.excludedNamespaces" . | quote }}
- name: EASTWALL_METRICS_ADDRESS
  value: "*:{{ .Values.metrics.port }}"
- name: EASTWALL_METRICS_TOKEN_FILE
  value: /etc/eastwall/metrics/token
- name: EASTWALL_RELEASE_MARK
  value: {{ .Release.Namespace }}/{{ include "eastwall.releaseMark" . }}
{{- if .Values.startupTaint.enabled }}
- name: EASTWALL_STARTUP_TAINT
  value: {{ .Values.startupTaint.key | quote }}
{{- end }}
{{- if ne .Values.redis.mode "none" }}
- name: EASTWALL_STORE
  value: {{ include "eastwall.storeUrl" . | quote }}
- name: EASTWALL_STORE_PREFIX
  value: {{ .Values.redis.prefix | quote }}
{{- if eq .Values.redis.mode "embedded" }}
- name: EASTWALL_STORE_PASSWORD_FILE
  value: /etc/eastwall/store/password
{{- else }}
{{- with .Values.redis.external }}
{{- with .user }}
- name: EASTWALL_STORE_USER
  value: {{ . | quote }}
{{- end }}
{{- if .existingSecret }}
{{- range $variable, $key := dict "PASSWORD" .passwordKey "CA" .caKey "SECRET" .secretKey }}
{{- if $key }}
- name: EASTWALL_STORE_{{ $variable }}_FILE
  value: /etc/eastwall/store/{{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if include "eastwall.keepsEvents" . }}
- name: EASTWALL_SPOOL_DIR
  value: /var/lib/eastwall/spool
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: EASTWALL_{{ snakecase $name | upper }}
  value: {{ include "eastwall.settingText" $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "eastwall.volumeMounts" -}}
- name: netns
  mountPath: /run/netns
  readOnly: true
  # Namespaces that the runtime mounts later have to appear here too. The node's own mounts must be shared, as systemd
  # makes them.
  mountPropagation: HostToContainer
- name: run
  mountPath: /run/eastwall
- name: metrics
  mountPath: /etc/eastwall/metrics
  readOnly: true
{{- if include "eastwall.storeSecret" . }}
- name: store
  mountPath: /etc/eastwall/store
  readOnly: true
{{- end }}
{{- if .Values.events.existingSecret }}
- name: events-secret
  mountPath: /etc/eastwall/events
  readOnly: true
{{- end }}
{{- if include "eastwall.keepsEvents" . }}
- name: events
  mountPath: /var/lib/eastwall
{{- end }}
{{- end -}}
