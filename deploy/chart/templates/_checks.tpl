{{- /* What the schema cannot say. */}}
{{- define "webhook.checkValues" -}}
{{- $own := list "container-credentials-config-map" "in-cluster" "metrics-port" "namespace" "port" "service-name" "tls-cert" "tls-key" "tls-secret" "watch-config-map" "watch-container-credentials-config" "webhook-configuration" }}
{{- range .Values.extraArgs }}
{{- $flag := regexReplaceAll "^--?([^=]*).*$" . "${1}" | replace "_" "-" }}
{{- if has $flag $own }}
{{- fail (printf "extraArgs: --%s is set by the chart and must agree with its objects: take it out" $flag) }}
{{- end }}
{{- end }}
{{- end }}
