// Run as a process of its own: asks STS who it is, with what credentials the environment leads the AWS SDK to.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'

const { Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}))
process.stdout.write(Arn ?? '')
