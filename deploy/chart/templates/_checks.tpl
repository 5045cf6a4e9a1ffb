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
{{- end }}
