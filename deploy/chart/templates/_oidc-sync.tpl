{{- define "webhook.oidcSyncName" -}}
{{ include "webhook.name" . }}-oidc-sync
{{- end }}

{{- /* The environment of oidc sync. Takes the values under oidcSync. */}}
{{- define "webhook.oidcSyncSettings" -}}
POD_IDENTITY_WEBHOOK_BUCKET: {{ .bucket | quote }}
{{- with .prefix }}
POD_IDENTITY_WEBHOOK_PREFIX: {{ . | quote }}
{{- end }}
{{- with .region }}
AWS_REGION: {{ . | quote }}
{{- end }}
{{- end }}
