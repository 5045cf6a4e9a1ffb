{{- /* Whatever the objects are named: alerts, dashboard and a Deployment that kustomize made go by this label. */}}
{{- define "webhook.selectorLabels" -}}
app.kubernetes.io/name: pod-identity-webhook
{{- end }}

{{- define "webhook.labels" -}}
{{ include "webhook.selectorLabels" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
