{{- define "webhook.name" -}}
{{ .Values.fullnameOverride | default "pod-identity-webhook" }}
{{- end }}

{{- define "webhook.servingSecretName" -}}
{{- if eq .Values.certificates.mode "secret" -}}
{{ .Values.certificates.secretName }}
{{- else -}}
{{ include "webhook.name" . }}-tls
{{- end }}
{{- end }}

{{- define "webhook.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}
