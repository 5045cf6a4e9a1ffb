import t from 'tap'
import { nameProvider, parseServiceAccount } from '../../src/iam/trust-request.ts'

t.test('ServiceAccounts are named as Kubernetes has them, with wildcards', async (t) => {
  for (const text of [
    'shop/cart',
    'a/b',
    '1/2',
    '*/*',
    'shop-?/cart.v1',
    'team-*/c*t',
    `${'n'.repeat(63)}/${'a'.repeat(253)}`,
  ])
    t.equal(parseServiceAccount(text), `system:serviceaccount:${text.replace('/', ':')}`, text)
  for (const text of [
    ...[
      '',
      '/',
      'shop',
      'shop/',
      '/cart',
      'shop/cart/x',
      'Shop/cart',
      'shop/Cart',
      'shop_/cart',
      'shop.x/cart',
    ],
    ...[
      '-shop/cart',
      'shop-/cart',
      'shop/cart.',
      'shop/.cart',
      'shop/a..b',
      'shop:cart',
      'shop/ca rt',
      'shop/$' + '{x}',
    ],
    ...[`${'n'.repeat(64)}/a`, `n/${'a'.repeat(254)}`, 'shop/cart\n', 'shöp/cart'],
  ])
    t.equal(parseServiceAccount(text), undefined, text)
})

t.test('a provider is named for partition, account and issuer', async (t) => {
  t.equal(
    nameProvider({ partition: 'aws-cn', accountId: '111122223333' }, { hostPath: 'host/path' }),
    'arn:aws-cn:iam::111122223333:oidc-provider/host/path',
  )
})
