//! Why, in one sentence, in the reader's language (T1).

use crate::check::Explained;
use crate::domain::uid::types;
use crate::domain::{DecisionRequest, EntityUid, Grantee, Right, Space, ToolId};
use crate::engine::explain::{Cause, Change, Fact, Role};
use crate::texts::{Language, Texts};
use fluent_bundle::FluentArgs;

/// The sentence.
#[must_use]
pub fn reason(request: &DecisionRequest, explained: &Explained, language: Language) -> String {
    let texts = Texts::new(language);
    let cause = explained.explanation.cause(explained.outcome.decision);
    let mut sentence = Sentence { texts: &texts, values: FluentArgs::new() };
    sentence.set("person", &request.principal.id);
    let key = sentence.about(cause);
    texts.say(key, &sentence.values)
}

/// A message's values, on their way to it.
struct Sentence<'a> {
    texts: &'a Texts,
    values: FluentArgs<'static>,
}

impl Sentence<'_> {
    fn set(&mut self, name: &'static str, value: &(impl ToString + ?Sized)) {
        self.values.set(name, value.to_string());
    }

    /// Which message says it; its values are set.
    fn about(&mut self, cause: Cause<'_>) -> &'static str {
        match cause {
            Cause::Holds(fact) => self.holds(fact),
            Cause::Takes(change) => self.takes(change),
            Cause::Reserved(fact) => self.reserved(fact),
            Cause::Allowed(policy) => self.with("policy", policy, "reason-policy"),
            Cause::Failed(policy) => self.with("policy", policy, "denied-failed"),
            Cause::Forbidden(policy) => self.with("policy", policy, "denied-forbidden"),
            Cause::NotStored(uid) => self.with("what", uid, "denied-not-stored"),
            Cause::Full(tool) => {
                let place = self.place(tool);
                self.with("place", &place, "denied-full")
            }
            Cause::Nothing => "denied-nothing",
        }
    }

    fn with(&mut self, name: &'static str, value: &(impl ToString + ?Sized), key: &'static str) -> &'static str {
        self.set(name, value);
        key
    }

    fn holds(&mut self, fact: &Fact) -> &'static str {
        match fact {
            Fact::Member { group } => self.with("group", group, "reason-member"),
            Fact::Outsider { group } => self.with("group", group, "reason-outsider"),
            Fact::Administrator { group, .. } => self.with("group", group, "reason-administrator"),
            Fact::CoAdministrator { group } => self.with("group", group, "reason-co-administrator"),
            Fact::SharedGroup { with, groups } => {
                self.set("other", with);
                self.with("group", &groups.first().map(ToString::to_string).unwrap_or_default(), "reason-shared-group")
            }
            Fact::Oneself => "reason-oneself",
            Fact::Owner { .. } => "reason-owner",
            Fact::Author { .. } => "reason-author",
            Fact::Grant { right, on, to } => {
                self.grant(*right, on);
                match to {
                    Grantee::User(_) => "reason-grant-person",
                    Grantee::Group(group) => self.with("group", group, "reason-grant-group"),
                }
            }
            Fact::Setting { group, .. } => self.with("group", group, "reason-setting"),
            // Of room alone nothing is allowed.
            Fact::Room { .. } => "denied-nothing",
        }
    }

    fn takes(&mut self, change: &Change) -> &'static str {
        match change {
            Change::Role { role, group } => {
                let key = match role {
                    Role::Member => "denied-member",
                    Role::CoAdministrator => "denied-co-administrator",
                    Role::Administrator => "denied-administrator",
                };
                self.with("group", group, key)
            }
            Change::SharedGroup { with, .. } => self.with("other", with, "denied-shared-group"),
            Change::Grant { right, on, .. } => {
                if let Some(nearest) = on.first() {
                    self.grant(*right, nearest);
                }
                self.with("above", if on.len() > 1 { "yes" } else { "no" }, "denied-grant")
            }
            Change::Setting { group, .. } => self.with("group", group, "denied-setting"),
            Change::HandOver { group } => self.with("group", group, "denied-hand-over"),
            Change::Room { tool, .. } => {
                let place = self.place(tool);
                self.with("place", &place, "denied-full")
            }
        }
    }

    fn reserved(&mut self, fact: &Fact) -> &'static str {
        match fact {
            Fact::Author { author } => self.with("person", author, "denied-author"),
            Fact::Owner { owner } => self.with("person", owner, "denied-owner"),
            Fact::Outsider { group } => self.with("group", group, "denied-outsider"),
            Fact::Oneself => "denied-oneself",
            Fact::Member { group } => self.with("group", group, "denied-member"),
            Fact::Administrator { group, .. } => self.with("group", group, "denied-administrator"),
            Fact::CoAdministrator { group } => self.with("group", group, "denied-co-administrator"),
            Fact::SharedGroup { with, .. } => self.with("other", with, "denied-shared-group"),
            Fact::Setting { group, .. } => self.with("group", group, "denied-setting"),
            Fact::Grant { .. } | Fact::Room { .. } => "denied-nothing",
        }
    }

    fn grant(&mut self, right: Right, on: &EntityUid) {
        let place = self.place(on);
        self.set("right", &right);
        self.set("place", &place);
    }

    /// What content is called in a sentence.
    fn place(&self, uid: &EntityUid) -> String {
        let mut values = FluentArgs::new();
        let tool = ToolId::parse(&uid.id).ok().filter(|_| uid.type_name == types::TOOL);
        let Some(ToolId { space, kind }) = tool else {
            values.set("id", uid.id.to_string());
            return self.texts.say("content", &values);
        };
        values.set("kind", kind.as_str().to_owned());
        let key = match space {
            Space::Group(group) => {
                values.set("group", group.to_string());
                "tool-of-group"
            }
            Space::Private(owner) => {
                values.set("person", owner.to_string());
                "tool-of-person"
            }
        };
        self.texts.say(key, &values)
    }
}
