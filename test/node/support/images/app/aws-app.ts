// The program in the image of a team that uses the AWS SDK: asks STS who it is, says so on one line, and goes on until it is told
// to end, or with `once` ends by itself.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'

const client = new STSClient({ region: 'eu-central-1', maxAttempts: 2 })
const answer = await client.send(new GetCallerIdentityCommand({})).then(
  ({ Arn: arn }) => ({ arn }),
  (error: Error) => ({ error: error.name, message: error.message }),
)
console.log(JSON.stringify(answer))
if (process.argv[2] === 'once') process.exit('arn' in answer ? 0 : 1)
process.once('SIGTERM', () => process.exit())
setInterval(() => {}, 60_000)
