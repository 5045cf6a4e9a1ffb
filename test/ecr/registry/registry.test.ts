import t from 'tap'
import { readRegistry } from '../../../src/ecr/registry/registry.ts'

const PLAIN = { isFips: false, isDualStack: false }

t.test('a private host names account, region and endpoints', async (t) => {
  const rows = [
    ['dkr.ecr.us-east-1.amazonaws.com', 'us-east-1', PLAIN],
    ['dkr-ecr.us-east-1.amazonaws.com', 'us-east-1', PLAIN],
    ['dkr.ecr.us-gov-west-1.amazonaws.com', 'us-gov-west-1', PLAIN],
    ['dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1', PLAIN],
    ['dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', PLAIN],
    ['dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1', PLAIN],
    ['dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1', PLAIN],
    ['dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1', PLAIN],
    ['dkr.ecr.us-isof-south-1.csp.hci.ic.gov', 'us-isof-south-1', PLAIN],
    ['dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1', { isFips: true, isDualStack: false }],
    ['dkr-ecr.eu-west-1.on.aws', 'eu-west-1', { isFips: false, isDualStack: true }],
    ['dkr-ecr-fips.us-east-2.on.aws', 'us-east-2', { isFips: true, isDualStack: true }],
    ['dkr-ecr.cn-north-1.on.amazonwebservices.com.cn', 'cn-north-1', { isFips: false, isDualStack: true }],
    ['dkr.ecr.Us_East-1.amazonaws.com', 'Us_East-1', PLAIN],
  ] as const
  for (const [rest, region, variant] of rows) {
    const host = `111122223333.${rest}`
    for (const port of ['', ':443', ':5000']) {
      t.same(
        readRegistry(`${host}${port}/team/app:1.2@sha256:00`),
        { kind: 'private', host: host + port, accountId: '111122223333', region, variant },
        host + port,
      )
    }
  }
})

t.test('ECR Public has two hosts', async (t) => {
  for (const host of ['public.ecr.aws', 'ecr-public.aws.com', 'public.ecr.aws:443']) {
    t.same(readRegistry(`${host}/eks-distro/pause:3.9`), { kind: 'public', host })
  }
})

t.test('every other host is a mirror, and stays as it is written', async (t) => {
  const hosts = [
    'docker.io',
    'foobar',
    'localhost:5000',
    'mirror.example.com:443',
    'Mirror.Example.COM',
    '[2001:db8::1]',
    '[2001:db8::1]:5000',
    'user@mirror.example.com',
    'busybox:1.36',
    '11112222333.dkr.ecr.us-east-1.amazonaws.com',
    '1111222233334.dkr.ecr.us-east-1.amazonaws.com',
    '111122223333.dkr.ecr.-us.amazonaws.com',
    '111122223333.dkr.ecr.us-east-1.amazonaws.com.evil.example',
    '111122223333.dkr.ecr.us-east-1.amazonaws.org',
    '111122223333.dkr.ecr.us.east.amazonaws.com',
    '111122223333.dkr_ecr.us-east-1.amazonaws.com',
    '111122223333.DKR.ECR.US-EAST-1.AMAZONAWS.COM',
    'x111122223333.dkr.ecr.us-east-1.amazonaws.com',
    'PUBLIC.ECR.AWS',
    'xpublic.ecr.aws',
  ]
  for (const host of hosts) t.same(readRegistry(`${host}/app`), { kind: 'mirror', host }, host)
})

t.test('a scheme is no part of the host', async (t) => {
  t.same(readRegistry('http://foobar/x'), { kind: 'mirror', host: 'foobar' })
  t.same(readRegistry('HTTPS://foobar:443/x'), { kind: 'mirror', host: 'foobar:443' })
  t.same(readRegistry('foobar/x://y'), { kind: 'mirror', host: 'foobar' })
  t.match(readRegistry('https://public.ecr.aws/x'), { kind: 'public', host: 'public.ecr.aws' })
})

t.test('an image without a usable host is refused', async (t) => {
  const rows = [
    ['', 'image in plugin request was empty'],
    ['/app', 'image in plugin request has no registry host'],
    ['https:///app', 'image in plugin request has no registry host'],
    ['evil.example\\@111122223333.dkr.ecr.us-east-1.amazonaws.com/app', /backslash/],
    [' docker.io/app', /spaces or control characters/],
    ['docker.io /app', /spaces or control characters/],
    ['docker.io/app\n', /spaces or control characters/],
    ['docker.io\t/app', /spaces or control characters/],
    ['docker\u0000.io/app', /spaces or control characters/],
    ['docker.io\u007f/app', /spaces or control characters/],
    ['docker.io\u0085/app', /spaces or control characters/],
    ['docker.io\u00a0/app', /spaces or control characters/],
    ['   ', /spaces or control characters/],
  ] as const
  for (const [image, message] of rows) {
    t.throws(() => readRegistry(image), { name: 'ProviderError', message }, JSON.stringify(image))
  }
})
