# Three small rules, so that conftest does a part of the work that it is compared with.
package main

deny contains message if {
	input.kind == "Deployment"
	some volume in input.spec.template.spec.volumes
	volume.hostPath
	message := sprintf("%s keeps data on its node", [input.metadata.name])
}

deny contains message if {
	input.kind == "Deployment"
	some container in input.spec.template.spec.containers
	not container.readinessProbe
	message := sprintf("%s has no readiness probe", [input.metadata.name])
}

deny contains message if {
	input.kind == "Service"
	input.spec.sessionAffinity == "ClientIP"
	message := sprintf("%s keeps clients on one instance", [input.metadata.name])
}
