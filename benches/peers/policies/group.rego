# The rules of a group's space, for OPA's engine and for regorus. The facts are `data`.
package space

import rego.v1

default allow := false

role := data.groups[facts.group].members[input.user]

facts := data.folders[input.resource] if input.action == "add"

facts := data.items[input.resource] if input.action != "add"

allow if {
	input.action == "view"
	role
}

allow if {
	input.action == "edit"
	role
	facts.author == input.user
}

allow if {
	input.action == "edit"
	role
	input.user in facts.editors
}

allow if {
	input.action in {"add", "delete"}
	role in {"administrator", "co-administrator"}
}

allow if {
	input.action == "add"
	role
	some folder in facts.path
	data.folders[folder].granted
}
