import manifest from '../../../package.json' with { type: 'json' }
import type { Plan } from '../../aws/step.ts'
import type { CheckResult as AnyCheckResult } from '../../checks/verdict.ts'
import type { DoctorRequest, DoctorSurroundings } from '../../doctor/doctor.ts'
import type { ProviderOptions } from '../../iam/plan-provider.ts'
import type { RoleOptions, RolePlan } from '../../iam/plan-role.ts'
import type { WrittenPolicy, WrittenPolicyRequest } from '../../iam/write-trust-policy.ts'
import type { GenerationOptions } from '../../oidc/generation/generate-documents.ts'
import type { PublicationOptions } from '../../oidc/publishing/publication.ts'
import type { SyncOptions } from '../../oidc/sync/sync.ts'
import type { CheckResult } from '../../oidc/verify/check.ts'
import type { VerifyRequest, VerifySurroundings } from '../../oidc/verify/verify-issuer.ts'
import type { InjectOptions } from '../../webhook/inject.ts'
import type { ServeOptions } from '../../webhook/serve-options.ts'
import type { PolicyOptions } from '../../webhook/write-policy.ts'
import type { Program } from '../engine/program-description.ts'
import { createAuditCommand } from './audit/audit-command.ts'
import { createExplainCommand } from './audit/explain-command.ts'
import { findClusterNames } from './cluster-names.ts'
import { createCompletionCommand } from './completion-command.ts'
import { createDoctorCommand } from './doctor-command.ts'
import { createProviderCommand } from './iam/provider-command.ts'
import { createRoleCommand } from './iam/role-command.ts'
import { createTrustPolicyCommand } from './iam/trust-policy-command.ts'
import { createInjectCommand } from './inject-command.ts'
import { createGenerateCommand } from './oidc/generate-command.ts'
import { createPublishCommand } from './oidc/publish-command.ts'
import { createSyncCommand } from './oidc/sync-command.ts'
import { createVerifyCommand } from './oidc/verify-command.ts'
import { createPolicyCommand } from './policy-command.ts'
import { createServeCommand } from './serve-command.ts'

const NAME = 'pod-identity-webhook'

/** What the commands do, apart from reading their flags. */
export interface Actions {
  serve(options: ServeOptions): Promise<void>
  inject(options: InjectOptions): Promise<void>
  writePolicy(options: PolicyOptions): Promise<string>
  planDocuments(options: GenerationOptions): Promise<Plan>
  planPublication(options: PublicationOptions, choices: { readonly isDryRun: boolean }): Promise<Plan>
  sync(options: SyncOptions): Promise<void>
  planProvider(options: ProviderOptions): Promise<Plan>
  planRole(options: RoleOptions): Promise<RolePlan>
  writeTrustPolicy(request: WrittenPolicyRequest): Promise<WrittenPolicy>
  examineCluster(request: DoctorRequest, surroundings: DoctorSurroundings): Promise<readonly AnyCheckResult[]>
  verifyIssuer(request: VerifyRequest, surroundings: VerifySurroundings): Promise<readonly CheckResult[]>
}

/** The program `pod-identity-webhook`. */
export function createProgram(actions: Actions): Program {
  return {
    name: NAME,
    version: manifest.version,
    summary: 'Gives pods their AWS identities: the admission webhook that injects role and token',
    findNames: findClusterNames,
    environmentPrefix: 'POD_IDENTITY_WEBHOOK_',
    commands: [
      createServeCommand(manifest.version, actions.serve),
      createInjectCommand(actions.inject),
      createPolicyCommand(actions.writePolicy),
      createGenerateCommand(actions.planDocuments),
      createPublishCommand(actions.planPublication),
      createSyncCommand(manifest.version, actions.sync),
      createProviderCommand(actions.planProvider),
      createTrustPolicyCommand(actions.writeTrustPolicy),
      createRoleCommand(actions.planRole),
      createVerifyCommand(actions.verifyIssuer),
      createAuditCommand(),
      createExplainCommand(),
      createDoctorCommand(actions.examineCluster),
      createCompletionCommand(NAME),
    ],
  }
}
