/** Builds the pod as the ReplicaSet controller creates it, the ServiceAccount's volume added by the API server. */
export function buildDeploymentPod(serviceAccount: string) {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      generateName: 'cart-6d4cf56db6-',
      creationTimestamp: null,
      labels: {
        'app.kubernetes.io/name': 'cart',
        'app.kubernetes.io/part-of': 'shop',
        'app.kubernetes.io/version': '2.14.3',
        'pod-template-hash': '6d4cf56db6',
      },
      annotations: {
        'checksum/config': '9f2c1e7b5a0d4c8e6f3b2a1908d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9',
        'kubectl.kubernetes.io/restartedAt': '2026-10-28T09:14:52Z',
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': '9102',
      },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'cart-6d4cf56db6',
          uid: 'd1f7a3a0-2b55-4f84-9c0c-0a4a1f6f2f61',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [buildManagedFields()],
    },
    spec: {
      volumes: [
        { name: 'config', configMap: { name: 'cart-config', defaultMode: 420 } },
        { name: 'scratch', emptyDir: { sizeLimit: '256Mi' } },
        buildApiAccessVolume(),
      ],
      initContainers: [
        {
          name: 'migrate',
          image: 'registry.example.com/shop/cart-migrations:2.14.3',
          args: ['migrate', '--wait'],
          env: [{ name: 'DATABASE_HOST', value: 'carts.internal' }],
          resources: { limits: { memory: '128Mi' }, requests: { cpu: '50m', memory: '64Mi' } },
          volumeMounts: [{ name: 'config', mountPath: '/etc/cart' }, API_ACCESS_MOUNT],
          ...CONTAINER_DEFAULTS,
        },
      ],
      containers: [
        {
          name: 'cart',
          image: 'registry.example.com/shop/cart:2.14.3',
          args: ['serve', '--config', '/etc/cart/config.yaml'],
          ports: [
            { name: 'http', containerPort: 8080, protocol: 'TCP' },
            { name: 'metrics', containerPort: 9102, protocol: 'TCP' },
          ],
          env: [
            { name: 'DATABASE_HOST', value: 'carts.internal' },
            { name: 'BUCKET', value: 'shop-carts' },
            { name: 'LOG_LEVEL', value: 'info' },
            { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
            {
              name: 'DATABASE_PASSWORD',
              valueFrom: { secretKeyRef: { name: 'cart-database', key: 'password' } },
            },
          ],
          resources: { limits: { memory: '512Mi' }, requests: { cpu: '250m', memory: '256Mi' } },
          volumeMounts: [
            { name: 'config', mountPath: '/etc/cart' },
            { name: 'scratch', mountPath: '/var/cache/cart' },
            API_ACCESS_MOUNT,
          ],
          livenessProbe: buildProbe('/livez', 10),
          readinessProbe: buildProbe('/readyz', 5),
          startupProbe: buildProbe('/readyz', 2),
          lifecycle: { preStop: { exec: { command: ['/bin/sleep', '5'] } } },
          ...CONTAINER_DEFAULTS,
        },
        {
          name: 'log-shipper',
          image: 'registry.example.com/platform/log-shipper:1.9.0',
          env: [
            { name: 'OUTPUT', value: 's3://shop-logs/cart' },
            { name: 'FLUSH_INTERVAL', value: '5s' },
            { name: 'NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
          ],
          resources: { limits: { memory: '64Mi' }, requests: { cpu: '20m', memory: '32Mi' } },
          volumeMounts: [{ name: 'scratch', mountPath: '/var/cache/cart', readOnly: true }, API_ACCESS_MOUNT],
          livenessProbe: buildProbe('/healthz', 10),
          ...CONTAINER_DEFAULTS,
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: serviceAccount,
      serviceAccount,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, fsGroup: 65_532 },
      schedulerName: 'default-scheduler',
      tolerations: [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
      ],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'cart' } },
        },
      ],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: {},
  }
}

const API_ACCESS_MOUNT = {
  name: 'kube-api-access-x7k2p',
  readOnly: true,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
}

const CONTAINER_DEFAULTS = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
  securityContext: {
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
  },
}

function buildProbe(path: string, periodSeconds: number) {
  return {
    httpGet: { path, port: 'http', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds,
    successThreshold: 1,
    failureThreshold: 3,
  }
}

function buildApiAccessVolume() {
  return {
    name: API_ACCESS_MOUNT.name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 420,
    },
  }
}

function buildManagedFields() {
  return {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-11-02T08:30:11Z',
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': {
        'f:annotations': { '.': {}, 'f:checksum/config': {}, 'f:prometheus.io/scrape': {} },
        'f:generateName': {},
        'f:labels': { '.': {}, 'f:app.kubernetes.io/name': {}, 'f:pod-template-hash': {} },
        'f:ownerReferences': { '.': {}, 'k:{"uid":"d1f7a3a0-2b55-4f84-9c0c-0a4a1f6f2f61"}': {} },
      },
      'f:spec': {
        'f:containers': {
          'k:{"name":"cart"}': listContainerFields(['DATABASE_HOST', 'BUCKET', 'LOG_LEVEL', 'POD_NAME']),
          'k:{"name":"log-shipper"}': listContainerFields(['OUTPUT', 'FLUSH_INTERVAL']),
        },
        'f:initContainers': { '.': {}, 'k:{"name":"migrate"}': listContainerFields(['DATABASE_HOST']) },
        'f:dnsPolicy': {},
        'f:restartPolicy': {},
        'f:schedulerName': {},
        'f:securityContext': { '.': {}, 'f:fsGroup': {}, 'f:runAsNonRoot': {}, 'f:runAsUser': {} },
        'f:serviceAccountName': {},
        'f:volumes': { '.': {}, 'k:{"name":"config"}': {}, 'k:{"name":"scratch"}': {} },
      },
    },
  }
}

function listContainerFields(envNames: readonly string[]) {
  const env = Object.fromEntries(
    envNames.map((name) => [`k:{"name":"${name}"}`, { '.': {}, 'f:name': {}, 'f:value': {} }]),
  )
  return {
    '.': {},
    'f:args': {},
    'f:env': { '.': {}, ...env },
    'f:image': {},
    'f:name': {},
    'f:resources': {},
  }
}
