{{- /*
The objects of a policy from files/, under the release's name. Takes root, file, and the fields of spec to set, by kind.
*/}}
{{- define "webhook.policy" -}}
{{- $root := .root }}
{{- $changes := .changes }}
{{- range splitList "\n---\n" (.root.Files.Get .file) }}
{{- $object := fromYaml . }}
{{- $spec := merge (deepCopy (index $changes $object.kind | default dict)) $object.spec }}
{{- with $spec.policyName }}
{{- $_ := set $spec "policyName" (. | replace "pod-identity-webhook" (include "webhook.name" $root)) }}
{{- end }}
---
apiVersion: {{ $object.apiVersion }}
kind: {{ $object.kind }}
metadata:
  name: {{ $object.metadata.name | replace "pod-identity-webhook" (include "webhook.name" $root) }}
  labels:
    {{- include "webhook.labels" $root | nindent 4 }}
spec:
  {{- toYaml $spec | nindent 2 }}
{{ end }}
{{- end }}

{{- /* The value of the last flag of this name in extraArgs; `true` for one that stands alone; nothing where it is not given. */}}
{{- define "webhook.extraArg" -}}
{{- $pattern := printf "^--?%s(=|$)" (.name | replace "-" "[-_]") }}
{{- $value := "" }}
{{- range $index, $arg := .root.Values.extraArgs }}
{{- if regexMatch $pattern $arg }}
{{- $value = contains "=" $arg | ternary (regexReplaceAll "^[^=]*=" $arg "") "true" }}
{{- end }}
{{- end }}
{{- $value }}
{{- end }}
