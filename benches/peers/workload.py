"""One company and ten thousand questions about it, in the words of every peer.

The rules are those of a group's space: everyone in the group views an item (S2); its author edits it, and
whom the author named (D4); the administrator and co-administrators delete (D5); they add to a folder, and so
does every member where the folder, or one it lies in, was granted to the group (D1, D2, D6)."""

import json
import random

USERS, GROUPS, ITEMS_PER_TOOL = 1_000, 100, 50
TOOLS = ("documents", "calendar")
SHARES = {"view": 5_500, "edit": 2_000, "add": 1_500, "delete": 1_000}
ALLOWED = 0.6


class Company:
    """The same for the same seed."""

    def __init__(self, seed=1):
        self.chance = random.Random(seed)
        self.groups = {f"g{number}": {} for number in range(GROUPS)}
        self.memberships = {f"u{number}": [] for number in range(USERS)}
        self.folders, self.items = {}, {}
        self.people()
        for group in self.groups:
            for tool in TOOLS:
                self.content(group, tool)

    def people(self):
        """Each user in three groups; of each group the first is administrator, the next co-administrator."""
        users = list(self.memberships)
        for step in (1, 7, 31):
            for place, user in enumerate(users):
                group = f"g{(place // (USERS // GROUPS) * step + step) % GROUPS}"
                if user not in self.groups[group]:
                    self.groups[group][user] = "member"
                    self.memberships[user].append(group)
        for members in self.groups.values():
            first, second = list(members)[:2]
            members[first], members[second] = "administrator", "co-administrator"

    def content(self, group, tool):
        """Six folders, three deep, one in ten granted to the group; items in all of them."""
        members = list(self.groups[group])
        names = [f"{group}.{tool}.f{number}" for number in range(6)]
        for number, name in enumerate(names):
            parent = names[number - 1] if number % 3 else None
            path = [name] + (self.folders[parent]["path"] if parent else [])
            self.folders[name] = {"group": group, "tool": tool, "parent": parent, "path": path,
                                  "granted": self.chance.random() < 0.1}
        for number in range(ITEMS_PER_TOOL):
            author, *editors = self.chance.sample(members, 1 + self.chance.choice((0, 1, 2)))
            self.items[f"{group}.{tool}.i{number}"] = {"group": group, "folder": names[number % 6], "author": author,
                                                       "editors": editors}

    def may(self, user, action, resource):
        """What the rules say: what every peer must answer."""
        facts = (self.folders if action == "add" else self.items)[resource]
        role = self.groups[facts["group"]].get(user)
        leads = role in ("administrator", "co-administrator")
        return role is not None and {
            "view": lambda: True,
            "edit": lambda: user == facts["author"] or user in facts["editors"],
            "delete": lambda: leads,
            "add": lambda: leads or any(self.folders[folder]["granted"] for folder in facts["path"]),
        }[action]()

    def questions(self):
        """Ten thousand different ones; of each action six in ten are allowed."""
        found, seen = [], set()
        for action, count in SHARES.items():
            wanted = {True: int(count * ALLOWED), False: count - int(count * ALLOWED)}
            while any(wanted.values()):
                question = self.candidate(action)
                allowed = self.may(*question)
                if wanted[allowed] and question not in seen:
                    wanted[allowed] -= 1
                    seen.add(question)
                    found.append((*question, allowed))
        self.chance.shuffle(found)
        return found

    def candidate(self, action):
        resource = self.chance.choice(list(self.folders if action == "add" else self.items))
        facts = (self.folders if action == "add" else self.items)[resource]
        people = list(self.groups[facts["group"]])
        user = self.chance.choice([
            self.chance.choice(people), people[self.chance.randrange(2)], facts.get("author", people[0]),
            f"u{self.chance.randrange(USERS)}",
        ])
        return user, action, resource


def kind(action):
    return "Folder" if action == "add" else "Item"


def conclave_question(_, user, action, resource):
    return {"principal": f'User::"{user}"', "action": f'Action::"{action}"', "resource": f'{kind(action)}::"{resource}"'}


def input_question(_, user, action, resource):
    """For engines that hold the facts: `input` of a Rego policy, the request of casbin."""
    return {"input": {"user": user, "action": action, "resource": resource}}


def cerbos_question(company, user, action, resource):
    """Cerbos holds no facts: they come with the question."""
    facts = (company.folders if action == "add" else company.items)[resource]
    attributes = {"group": facts["group"]}
    if action == "add":
        attributes["granted"] = any(company.folders[folder]["granted"] for folder in facts["path"])
    else:
        attributes |= {"author": facts["author"], "editors": facts["editors"]}
    roles = {group: company.groups[group][user] for group in company.memberships[user]}
    return {
        "requestId": "r",
        "principal": {"id": user, "roles": ["user"], "attr": {"groups": roles}},
        "resources": [{"actions": [action],
                       "resource": {"kind": kind(action).lower(), "id": resource, "attr": attributes}}],
    }


def conclave_lines(company):
    """As `conclave import` reads them."""
    yield {"type": "format", "version": 1}
    yield {"type": "subscription", "id": "plan"}
    for user in company.memberships:
        yield {"type": "user", "id": user, "username": user, "subscription": "plan"}
    for number, (group, members) in enumerate(company.groups.items()):
        leader = next(user for user, role in members.items() if role == "administrator")
        yield {"type": "group", "id": group, "name": group, "administrator": leader, "created_ms": number}
    for group, members in company.groups.items():
        for user, role in members.items():
            if role != "administrator":
                yield {"type": "member", "group": group, "user": user, "co_administrator": role != "member",
                       "since_ms": 0}
    for name, folder in company.folders.items():
        parent = {"folder": folder["parent"]} if folder["parent"] else {"tool": f"group:{folder['group']}/{folder['tool']}"}
        yield {"type": "folder", "id": name, "parent": parent, "author": "u0"}
    for name, item in company.items.items():
        yield {"type": "item", "id": name, "parent": {"folder": item["folder"]}, "author": item["author"]}
    for name, folder in company.folders.items():
        if folder["granted"]:
            yield {"type": "grant", "resource": {"folder": name}, "right": "add", "to": {"group": folder["group"]}}
    for name, item in company.items.items():
        for editor in item["editors"]:
            yield {"type": "grant", "resource": {"item": name}, "right": "edit", "to": {"user": editor}}


def cedar_entities(company):
    """For cedar-agent: the same facts as entities, grants as a parent that the folders share."""
    uid = lambda kind, id: {"type": kind, "id": id}
    reference = lambda kind, id: {"__entity": uid(kind, id)}
    entity = lambda kind, id, attributes, parents: {"uid": uid(kind, id), "attrs": attributes, "parents": parents}
    for group in company.groups:
        for type_name in ("Group", "Leaders", "Granted"):
            yield entity(type_name, group, {}, [])
    for user, groups in company.memberships.items():
        leads = [group for group in groups if company.groups[group][user] != "member"]
        yield entity("User", user, {}, [uid("Group", g) for g in groups] + [uid("Leaders", g) for g in leads])
    for name, folder in company.folders.items():
        group = folder["group"]
        parents = [uid("Folder", folder["parent"])] if folder["parent"] else []
        parents += [uid("Granted", group)] if folder["granted"] else []
        facts = {"group": reference("Group", group), "leaders": reference("Leaders", group),
                 "granted": reference("Granted", group)}
        yield entity("Folder", name, facts, parents)
    for name, item in company.items.items():
        group = item["group"]
        facts = {"group": reference("Group", group), "leaders": reference("Leaders", group),
                 "author": reference("User", item["author"]),
                 "editors": [reference("User", editor) for editor in item["editors"]]}
        yield entity("Item", name, facts, [uid("Folder", item["folder"])])


WORDS = {"conclave": conclave_question, "input": input_question, "cerbos": cerbos_question}


def write(folder):
    """Writes everything into a folder, and gives back what the answers must be, in the order of the questions."""
    company = Company()
    questions = company.questions()
    dump = lambda value: json.dumps(value, separators=(",", ":"))
    for name, words in WORDS.items():
        with open(folder / f"{name}.txt", "w") as out:
            out.writelines(dump(words(company, *question[:3])) + "\n" for question in questions)
    with open(folder / "company.ndjson", "w") as out:
        out.writelines(dump(line) + "\n" for line in conclave_lines(company))
    facts = {"groups": {name: {"members": members} for name, members in company.groups.items()},
             "folders": company.folders, "items": company.items}
    (folder / "facts.json").write_text(dump(facts))
    (folder / "entities.json").write_text("[" + ",\n".join(map(dump, cedar_entities(company))) + "]\n")
    return [allowed for *_, allowed in questions]
