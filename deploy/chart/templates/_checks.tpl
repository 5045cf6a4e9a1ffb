{{- /* What the schema cannot say. */}}
{{- define "webhook.checkValues" -}}
{{- $own := list "container-credentials-config-map" "in-cluster" "metrics-port" "namespace" "port" "service-name" "tls-cert" "tls-key" "tls-secret" "watch-config-map" "watch-container-credentials-config" "webhook-configuration" }}
{{- if eq (int .Values.ports.https) (int .Values.ports.metrics) }}
{{- fail (printf "ports: https and metrics are both %d: give each its own" (int .Values.ports.https)) }}
{{- end }}
{{- range .Values.extraArgs }}
{{- $flag := regexReplaceAll "^--?([^=]*).*$" . "${1}" | replace "_" "-" }}
{{- if has $flag $own }}
{{- fail (printf "extraArgs: --%s is set by the chart and must agree with its objects: take it out" $flag) }}
{{- end }}
{{- end }}
{{- if not (or .Values.webhook.enabled .Values.policy.enabled) }}
{{- fail "webhook.enabled and policy.enabled are both false: nobody would give pods their credentials" }}
{{- end }}
{{- if .Values.policy.enabled }}
{{- $injection := list "annotation-prefix" "aws-default-region" "compose-role-arn" "sts-regional-endpoint" "token-audience" "token-expiration" "token-mount-path" }}
{{- range .Values.extraArgs }}
{{- $flag := regexReplaceAll "^--?([^=]*).*$" . "${1}" | replace "_" "-" }}
{{- if has $flag $injection }}
{{- fail (printf "extraArgs: --%s is not in the chart's policy: leave policy.enabled false, and apply what `pod-identity-webhook policy` prints with that flag" $flag) }}
{{- end }}
{{- end }}
{{- if and (not .Values.webhook.enabled) (or .Values.configMap.roles .Values.containerCredentials.enabled .Values.required.enabled) }}
{{- fail "configMap.roles, containerCredentials and required take the webhook: set webhook.enabled, or apply what `pod-identity-webhook policy --manifests` prints" }}
{{- end }}
{{- end }}
{{- end }}
