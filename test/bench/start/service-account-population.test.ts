import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { pickAccountWithRole, writeServiceAccounts } from '../../../bench/start/service-account-population.ts'

const POPULATION = { accounts: 1000, namespaces: 10, oneInHasRole: 10 }
const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn'

t.test('one in ten ServiceAccounts has a role, in every namespace, and those are picked', async (t) => {
  const stored = new Map<string, { metadata: { annotations?: Record<string, string> } }>()
  const transactionSizes: number[] = []
  const etcd = createServer(async (request, response) => {
    const { success } = (await json(request)) as { success: { requestPut: { key: string; value: string } }[] }
    for (const { requestPut } of success)
      stored.set(decode(requestPut.key), JSON.parse(decode(requestPut.value)))
    transactionSizes.push(success.length)
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(etcd, 'listening')
  t.teardown(() => etcd.close())

  await writeServiceAccounts(`http://127.0.0.1:${(etcd.address() as AddressInfo).port}`, POPULATION)

  t.equal(stored.size, 1000)
  t.ok(Math.max(...transactionSizes) <= 128, 'etcd takes no more puts in a transaction')
  const withRole = [...stored].filter(([, { metadata }]) => metadata.annotations?.[ROLE_ANNOTATION])
  t.equal(withRole.length, 100)
  t.equal(new Set(withRole.map(([key]) => key.split('/')[3])).size, 10, 'in every namespace')
  for (let turn = 0; turn < 150; turn++) {
    const { namespace, name, roleArn } = pickAccountWithRole(turn, POPULATION)
    const account = stored.get(`/registry/serviceaccounts/${namespace}/${name}`)
    if (account?.metadata.annotations?.[ROLE_ANNOTATION] !== roleArn)
      t.fail(`${namespace}/${name} has another role`)
  }
})

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
