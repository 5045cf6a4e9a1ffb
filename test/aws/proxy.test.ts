import t from 'tap'
import { findProxy } from '../../src/aws/proxy.ts'

const PROXY = 'http://proxy.example:3128'
const find = (url: string, env: Record<string, string>) => findProxy(new URL(url), env)?.href

t.test('the scheme chooses the variable; upper case goes before lower case', async (t) => {
  const env = { HTTPS_PROXY: PROXY, https_proxy: 'http://lower:1', http_proxy: 'http://plain:2' }
  t.equal(find('https://sts.amazonaws.com', env), `${PROXY}/`)
  t.equal(find('http://sts.amazonaws.com', env), 'http://plain:2/')
  t.equal(find('https://sts.amazonaws.com', { HTTPS_PROXY: '', https_proxy: 'lower:1' }), 'http://lower:1/')
  t.equal(find('https://sts.amazonaws.com', { HTTP_PROXY: PROXY }), undefined)
  t.equal(find('https://sts.amazonaws.com', {}), undefined)
})

t.test('loopback needs no proxy', async (t) => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]'])
    t.equal(find(`https://${host}:8443`, { HTTPS_PROXY: PROXY }), undefined, host)
})

t.test('NO_PROXY names hosts, domains, ports, addresses and blocks', async (t) => {
  const cases: [string, string, boolean][] = [
    ['*', 'https://a.example', true],
    ['a.example', 'https://a.example', true],
    ['a.example', 'https://b.a.example', true],
    ['a.example', 'https://ba.example', false],
    ['.a.example', 'https://a.example', true],
    ['*.a.example', 'https://b.a.example', true],
    ['A.Example', 'https://a.EXAMPLE', true],
    ['x, a.example', 'https://a.example', true],
    ['x a.example', 'https://a.example', true],
    ['a.example:443', 'https://a.example', true],
    ['a.example:8443', 'https://a.example', false],
    ['a.example:8443', 'https://a.example:8443', true],
    ['10.0.0.1', 'https://10.0.0.1', true],
    ['10.0.0.0/8', 'https://10.9.9.9', true],
    ['10.0.0.0/8', 'https://11.0.0.1', false],
    ['10.0.0.0/8', 'https://a.example', false],
    ['10.0.0.0/64', 'https://10.0.0.1', false],
    ['fd00::/8', 'https://[fd00::1]', true],
    ['fd00::1', 'https://[fd00::1]', true],
    ['[fd00::1]:443', 'https://[fd00::1]', true],
    ['[fd00::1]:444', 'https://[fd00::1]', false],
    ['', 'https://a.example', false],
  ]
  for (const [noProxy, url, isDirect] of cases) {
    const found = find(url, { HTTPS_PROXY: PROXY, NO_PROXY: noProxy })
    t.equal(found, isDirect ? undefined : `${PROXY}/`, `${noProxy} for ${url}`)
  }
})

t.test('a proxy that is no HTTP proxy is refused without its text, which may hold a password', async (t) => {
  for (const text of ['socks5://user:secret@proxy:1', 'http://user:secret@:::'])
    t.throws(() => find('https://a.example', { HTTPS_PROXY: text }), {
      message: 'HTTPS_PROXY is no URL of an HTTP proxy; write http://HOST:PORT',
    })
})
