// cert-manager's CRDs, which its module carries: what deploy/overlays/cert-manager is applied against.
module cert-manager

go 1.26.0

require github.com/cert-manager/cert-manager v1.21.2
