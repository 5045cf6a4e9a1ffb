{{- /* Values that work and that somebody may regret: a line each. */}}
{{- define "webhook.warnings" -}}
{{- with .Values }}
{{- if .webhook.enabled }}
{{- $isStrict := or .required.enabled (eq .webhook.failurePolicy "Fail") }}
{{- if eq .webhook.failurePolicy "Fail" }}
webhook.failurePolicy is Fail: while no replica answers, the cluster creates no pod at all. required.enabled refuses only pods that ask for it.
{{- end }}
{{- if lt (int .replicas) 2 }}
replicas is {{ .replicas }}: while that replica is away, pods {{ $isStrict | ternary "are refused" "get no credentials" }}.
{{- end }}
{{- if and $isStrict (not .podDisruptionBudget.enabled) }}
podDisruptionBudget.enabled is false: a drain of nodes may take all replicas at once, and pods are refused.
{{- end }}
{{- if gt (int .webhook.timeoutSeconds) 10 }}
webhook.timeoutSeconds is {{ .webhook.timeoutSeconds }}: each pod is created that much later while the webhook hangs.
{{- end }}
{{- if and (eq .certificates.mode "secret") (not .certificates.caBundle) }}
certificates.caBundle is empty: API servers trust the webhook only once something else has filled in the caBundle.
{{- end }}
{{- if and (ne .certificates.mode "secret") (or .certificates.secretName .certificates.caBundle) }}
certificates.secretName and caBundle are for mode secret; in mode {{ .certificates.mode }} they do nothing.
{{- end }}
{{- if and (ne .certificates.mode "cert-manager") .certificates.certManager.issuerRef }}
certificates.certManager.issuerRef is for mode cert-manager; in mode {{ .certificates.mode }} it does nothing.
{{- end }}
{{- if .hostNetwork }}
hostNetwork is true: the NetworkPolicy does not hold for replicas, and a namespace that enforces pod security standards must be privileged.
{{- end }}
{{- if eq .image.tag "latest" }}{{ if not .image.digest }}
image.tag is latest: replicas may run different versions. Name one, or a digest.
{{- end }}{{- end }}
{{- end }}
{{- if .oidcSync.enabled }}
{{- if not .oidcSync.bucket }}
oidcSync.bucket is empty: oidc sync starts once you create ConfigMap {{ include "webhook.oidcSyncName" $ }}.
{{- end }}
{{- if not (index .oidcSync.serviceAccount.annotations "eks.amazonaws.com/role-arn") }}
oidcSync.serviceAccount.annotations has no eks.amazonaws.com/role-arn: oidc sync gets no credentials unless ConfigMap pod-identity-webhook names its role.
{{- end }}
{{- end }}
{{- if .ecrPullSecrets.enabled }}
{{- if not .ecrPullSecrets.registries }}
ecrPullSecrets.registries is empty: pull-secrets starts once you create ConfigMap {{ include "webhook.ecrPullSecretsName" $ }}.
{{- end }}
{{- if not (index .ecrPullSecrets.serviceAccount.annotations "eks.amazonaws.com/role-arn") }}
ecrPullSecrets.serviceAccount.annotations has no eks.amazonaws.com/role-arn: pull-secrets gets no credentials unless ConfigMap pod-identity-webhook names its role.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
