import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const COMPONENT = 'deploy/components/monitoring'

/** An alert of the PrometheusRule. */
export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string }
}

/** The groups of rules, as a file of rules for Prometheus holds them. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[]
}

/** A panel of the dashboard; a row has no targets. */
export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly {
    readonly refId: string
    readonly expr: string
    readonly legendFormat?: string
  }[]
}

/** The dashboard, as far as tests look at it. */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
  readonly panels: readonly Panel[]
}

/** Reads one manifest, or the kustomization, of the component. */
export function readManifest(name: string) {
  return parse(readFileSync(`${COMPONENT}/${name}`, 'utf8'))
}

/** Reads the rules out of the PrometheusRule. */
export function readRules(): RuleFile {
  return readManifest('prometheus-rule.yaml').spec
}

/** Reads all alerts, of all groups. */
export function readAlerts(): readonly Alert[] {
  return readRules().groups.flatMap(({ rules }) => rules)
}

/** Reads the dashboard. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(`${COMPONENT}/dashboard.json`, 'utf8'))
}

/** Puts values where Grafana would: what is left is PromQL. */
export function fillVariables(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', '.*')
}
