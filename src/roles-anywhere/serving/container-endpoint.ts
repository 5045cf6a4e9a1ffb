import type { Session } from '../session.ts'
import { isAuthorized } from './authorization-token.ts'
import { answerJson, answerUnavailable, type Endpoint } from './endpoint.ts'

/** Where container credentials are served; the loopback form of what ECS and EKS have for containers. */
export const CONTAINER_CREDENTIALS_PATH = '/v1/credentials'

/** Makes the endpoint that SDKs find by AWS_CONTAINER_CREDENTIALS_FULL_URI. */
export function createContainerEndpoint(options: {
  readonly token: string
  readonly accountId: string
  getSession(): Promise<Session>
}): Endpoint {
  return async ({ method, path, headers }) => {
    if (!isAuthorized(headers['authorization'], options.token)) {
      return answerJson(401, { code: 'Unauthorized', message: 'the Authorization header is not the token' })
    }
    if (path !== CONTAINER_CREDENTIALS_PATH) {
      return answerJson(404, {
        code: 'NotFound',
        message: `credentials are at ${CONTAINER_CREDENTIALS_PATH}`,
      })
    }
    if (method !== 'GET')
      return answerJson(405, { code: 'MethodNotAllowed', message: 'only GET is answered' })
    try {
      const session = await options.getSession()
      return answerJson(200, {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        Token: session.sessionToken,
        AccountId: options.accountId,
        Expiration: session.expiration,
      })
    } catch (error) {
      return answerUnavailable(error)
    }
  }
}
