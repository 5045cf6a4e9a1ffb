// The Prometheus Operator's CRDs, which its module carries: what deploy/components/monitoring is applied against.
module prometheus

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
