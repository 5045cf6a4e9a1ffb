import t from 'tap'
import { ROLE_ARN } from './support/fake-aws.ts'
import { type Fault, testFaults } from './support/fault.ts'
import { writePolicy } from './support/healthy-world.ts'
import { useWorld } from './support/use-world.ts'

const world = await useWorld(t)
const { aws, providerArn, hostPath } = world

const setTrust = (changes: Readonly<Record<string, unknown>>) =>
  aws.state.roles.set(ROLE_ARN, JSON.stringify(writePolicy(providerArn, hostPath, changes)))
const faultAws = (action: string, code: string, message: string, status = 400) =>
  aws.state.faults.set(action, { code, message, status })

testFaults(t, world, [
  {
    name: 'there is no provider',
    make: () => aws.state.providers.clear(),
    id: 'provider-exists',
    message: /^there is no provider arn:aws:iam::111122223333:oidc-provider\/127/,
    hint: /IAM takes no issuer with a port/,
  },
  {
    name: 'the provider takes another audience',
    make: () => aws.state.providers.set(providerArn, ['kubernetes']),
    id: 'provider-exists',
    message: /does not take the audience sts\.amazonaws\.com; its audiences are "kubernetes"/,
    hint: /add it with `pod-identity-webhook oidc provider --issuer https:\S+ --audience sts\.amazonaws\.com`/,
  },
  {
    name: 'the AWS credentials have expired',
    make: () => faultAws('GetCallerIdentity', 'ExpiredToken', 'The security token is expired', 403),
    id: 'provider-exists',
    message: /have expired: sign in again/,
    hint: /credentials that work/,
  },
  {
    name: 'there is no role',
    make: () => aws.state.roles.clear(),
    id: 'role-trusts',
    message: /there is no role arn:aws:iam::111122223333:role\/team\/app/,
    hint: /role ensure app/,
  },
  {
    name: 'the role has another path',
    make: () => {
      const policy = aws.state.roles.get(ROLE_ARN) ?? ''
      aws.state.roles.clear()
      aws.state.roles.set('arn:aws:iam::111122223333:role/app', policy)
    },
    id: 'role-trusts',
    message: /the ARN of the role app is arn:aws:iam::111122223333:role\/app$/,
    hint: /whole ARN/,
  },
  {
    name: 'namespace and name are in the wrong order in the trust policy',
    make: () =>
      setTrust({ Condition: { StringEquals: { [`${hostPath}:sub`]: 'system:serviceaccount:app:shop' } } }),
    id: 'role-trusts',
    message: /the sub "system:serviceaccount:app:shop" has namespace and name in the wrong order/,
    hint: /write "system:serviceaccount:shop:app"/,
  },
  {
    name: 'comments are in the Condition of the trust policy',
    make: () => setTrust({ Condition: { __doc_comment: 'scope the role' } }),
    id: 'role-trusts',
    message: /IAM refuses this policy: .*"__doc_comment"/,
    hint: /take that out/,
  },
  ...(
    [
      [
        'InvalidIdentityToken',
        'No OpenIDConnect provider found in your account',
        /has no OIDC provider/,
        /oidc provider/,
      ],
      ['InvalidIdentityToken', 'Incorrect token audience', /does not take this audience/, /--audience/],
      [
        'InvalidIdentityToken',
        "Couldn't retrieve verification key from your identity provider",
        /cannot verify the token/,
        /internet sees/,
      ],
      ['InvalidIdentityToken', 'eyJhbGciOi.eyJpc3Mi.c2ln is wrong', /"\[token\] is wrong"/, /internet sees/],
      ['IDPCommunicationError', 'cannot be reached', /STS cannot reach the issuer/, /port 443/],
      ['AccessDenied', 'Not authorized to perform', /does not trust this token/, /role-trusts/],
      ['ExpiredTokenException', 'Token expired', /takes the fresh token for expired/, /clock/],
      ['RegionDisabledException', 'STS is not activated', /not active in this region/, /--region/],
      ['SomethingNew', 'never heard of', /SomethingNew: never heard of/, /(?:)/],
    ] as const
  ).map(
    ([code, text, message, hint]): Fault => ({
      name: `STS answers ${code}: ${text}`,
      make: () => faultAws('AssumeRoleWithWebIdentity', code, text),
      id: 'role-assumable',
      message,
      hint,
    }),
  ),
])
