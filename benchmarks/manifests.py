"""Generated manifests: so many Deployments, each with the Service, the disruption budget and the autoscaler it needs.

They are written as people write them, block style, and they are different: by name, namespace, image and numbers. One
in fifty breaks a rule, so that a linter that says nothing is seen not to have looked.
"""

from __future__ import annotations

from pathlib import Path

NAMESPACES = 50
FAULTY = 50
"""One Deployment in so many keeps its data in a folder of the node."""

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: DoNotSchedule
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: {name}
      containers:
        - name: app
          image: registry.example.com/{name}:1.{number}.0
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: NODE_ENV
              value: production
            - name: REDIS_URL
              valueFrom:
                secretKeyRef:
                  name: {name}
                  key: redis-url
          resources:
            requests:
              cpu: 100m
              memory: 256Mi
            limits:
              memory: 512Mi
          startupProbe:
            httpGet:
              path: /health/live
              port: http
            failureThreshold: 30
            periodSeconds: 2
          livenessProbe:
            httpGet:
              path: /health/live
              port: http
          readinessProbe:
            httpGet:
              path: /health/ready
              port: http
          lifecycle:
            preStop:
              sleep:
                seconds: 15
          volumeMounts:
            - name: scratch
              mountPath: /tmp
      volumes:
        - name: scratch
          {volume}
"""
_BESIDE = """\
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {namespace}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {name}
  namespace: {namespace}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {name}
  namespace: {namespace}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {name}
  minReplicas: 3
  maxReplicas: {most}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
"""


def manifests(count: int) -> str:
    """The manifests of so many services."""
    return "---\n".join(_service(number) for number in range(count))


def faults(count: int) -> int:
    """How many of them break a rule."""
    return -(-count // FAULTY)


def write(folder: Path, count: int) -> Path:
    """Write them into one file; returns it."""
    file = folder / f"services-{count}.yaml"
    file.write_text(manifests(count))
    return file


def _service(number: int) -> str:
    volume = "hostPath: {path: /data}" if number % FAULTY == 0 else "emptyDir: {sizeLimit: 64Mi}"
    values = {
        "name": f"service-{number}",
        "namespace": f"team-{number % NAMESPACES}",
        "number": number,
        "most": 4 + number % 7,
        "volume": volume,
    }
    return (_DEPLOYMENT + _BESIDE).format(**values)
