{{- define "webhook.ecrPullSecretsName" -}}
{{ include "webhook.name" . }}-ecr-pull-secrets
{{- end }}

{{- /* The environment of pull-secrets. Takes the values under ecrPullSecrets. */}}
{{- define "webhook.ecrPullSecretsSettings" -}}
AWS_REGISTRY: {{ join "," .registries | quote }}
{{- with .namespaces }}
AWS_NAMESPACES: {{ join "," . | quote }}
{{- end }}
{{- with .region }}
AWS_REGION: {{ . | quote }}
{{- end }}
{{- end }}
