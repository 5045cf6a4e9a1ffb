import { ensureDevelopmentCertificates } from '../src/webhook/certificates/development-certificates.ts'

const outcome = await ensureDevelopmentCertificates('certs', new Date())
console.log(`certs/ca.crt, certs/tls.crt, certs/tls.key: ${outcome}`)
