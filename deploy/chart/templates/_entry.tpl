{{- /*
One entry of the MutatingWebhookConfiguration. Takes root, name, failurePolicy, and the expressions that choose its pods
and namespaces; those of the values come on top. It is asked for new pods or, with isDebug, for ephemeral containers.
*/}}
{{- define "webhook.entry" -}}
{{- $values := .root.Values }}
{{- $notSkipped := dict "key" "eks.amazonaws.com/skip-pod-identity-webhook" "operator" "DoesNotExist" }}
- name: {{ .name }}
  admissionReviewVersions: [v1, v1beta1]
  failurePolicy: {{ .failurePolicy }}
  # A later webhook may add containers; a second run over a mutated pod adds only what they lack.
  reinvocationPolicy: IfNeeded
  matchPolicy: Equivalent
  sideEffects: None
  timeoutSeconds: {{ $values.webhook.timeoutSeconds }}
  clientConfig:
    service:
      name: {{ include "webhook.name" .root }}
      namespace: {{ .root.Release.Namespace }}
      path: /mutate
    {{- if and (eq $values.certificates.mode "secret") $values.certificates.caBundle }}
    caBundle: {{ b64enc $values.certificates.caBundle }}
    {{- end }}
  rules:
    - operations: [{{ ternary "UPDATE" "CREATE" (.isDebug | default false) }}]
      apiGroups: [""]
      apiVersions: [v1]
      resources: [{{ ternary "pods/ephemeralcontainers" "pods" (.isDebug | default false) }}]
      scope: Namespaced
  objectSelector:
    {{- include "webhook.selector" (list (prepend .objectExpressions $notSkipped) $values.webhook.objectSelector) | nindent 4 }}
  {{- with include "webhook.selector" (list .namespaceExpressions $values.webhook.namespaceSelector) }}
  namespaceSelector:
    {{- . | nindent 4 }}
  {{- end }}
  matchConditions:
    # Mirror pods stand for static pods, which can use no ServiceAccount.
    - name: no-mirror-pods
      expression: "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}))"
{{- end }}

{{- /* A label selector of expressions and of another selector; nothing where both are empty. */}}
{{- define "webhook.selector" -}}
{{- $more := index . 1 }}
{{- with concat (index . 0) ($more.matchExpressions | default list) }}
matchExpressions:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $more.matchLabels }}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
