//! A real store with a few people in it, or with the worked example, for the tests of the commands.

use super::accept_invitation::accept_invitation;
use super::create_group::{NewGroup, create_group};
use super::demo;
use super::invite::{Issued, NewInvitation, invite};
use super::put_subscription::{NewLimits, put_subscription};
use super::put_user::{NewUser, put_user};
use super::token::Token;
use super::{Admin, Caller, Clock, Done, Random, Refusal, Settings};
use crate::admin::ambient::RandomError;
use crate::check::Check;
use crate::config::Limits;
use crate::domain::uid::types;
use crate::domain::{
    ContentRef, Context, EntityUid, FolderId, Grantee, GroupId, ItemId, Revision, Rule, SubscriptionId, ToolId,
    ToolKind, UserId,
};
use crate::engine::{Bundle, Sources};
use crate::mail::{Composer, Desk};
use crate::store::testing::Place;
use crate::store::write::content::Room;
use crate::store::{Access, Change, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// When every test begins, in milliseconds since 1970-01-01 UTC.
pub(crate) const NOON_MS: i64 = 1_700_000_000_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
pub(crate) const HOST: Caller = Caller { actor: None };

/// A clock that tests set.
pub(crate) struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts, so that no two ids or tokens are the same.
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(0);
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (place, byte) in bytes.iter_mut().rev().zip(number.iter().rev()) {
            *place = *byte;
        }
        Ok(())
    }
}

/// Commands over a store.
pub(crate) struct World {
    pub(crate) admin: Admin,
    clock: Arc<SetClock>,
    place: Place,
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn by(actor: &str) -> Caller {
    Caller { actor: Some(user(actor)) }
}

pub(crate) fn group(id: &str) -> GroupId {
    GroupId::new(id).unwrap()
}

pub(crate) fn tool(id: &str) -> ContentRef {
    ContentRef::Tool(ToolId::parse(id).unwrap())
}

pub(crate) fn folder(id: &str) -> ContentRef {
    ContentRef::Folder(FolderId::new(id).unwrap())
}

pub(crate) fn item(id: &str) -> ContentRef {
    ContentRef::Item(ItemId::new(id).unwrap())
}

pub(crate) fn to_user(id: &str) -> Grantee {
    Grantee::User(user(id))
}

pub(crate) fn to_group(id: &str) -> Grantee {
    Grantee::Group(group(id))
}

/// What may be asked about: content, or any other entity.
pub(crate) trait Asked {
    fn entity(&self) -> EntityUid;
}

impl Asked for EntityUid {
    fn entity(&self) -> EntityUid {
        self.clone()
    }
}

impl Asked for ContentRef {
    fn entity(&self) -> EntityUid {
        self.uid()
    }
}

/// A request body, as it comes in.
pub(crate) fn body<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

/// The status that a refusal becomes, and the rule it names.
pub(crate) fn why<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (u16, Option<&'static str>) {
    let named = |rule: Option<Rule>| rule.map(Rule::id);
    match result.unwrap_err() {
        Refusal::Malformed { .. } => (400, None),
        Refusal::Forbidden { rule, .. } => (403, named(rule)),
        Refusal::NotFound { .. } => (404, None),
        Refusal::Conflict { rule, .. } => (409, named(rule)),
        Refusal::OverLimit { .. } => (409, Some("A5")),
        Refusal::MadeThrough { .. } => (409, Some("F7")),
        Refusal::OutOfRange { rule, .. } => (422, named(rule)),
        Refusal::Entity { wrong, .. } => (
            match wrong {
                crate::admin::Wrong::Schema => 400,
                crate::admin::Wrong::Kept | crate::admin::Wrong::Clash => 409,
                crate::admin::Wrong::Bounds => 422,
            },
            None,
        ),
        other => panic!("{other:?}"),
    }
}

fn kinds(names: &[&str]) -> Vec<ToolKind> {
    names.iter().map(|name| ToolKind::new(*name)).collect()
}

/// Mail as it is written by default.
pub(crate) fn desk() -> Arc<Desk> {
    Arc::new(Desk::new(Composer { product_name: "Conclave".to_owned(), accept_url: None }))
}

impl World {
    /// An empty store.
    pub(crate) async fn empty() -> Self {
        let place = Place::new().await;
        let store = Store::open(&place.url, Access::Own).await.unwrap();
        let sources = Sources { policies: None, schema: None, features: ["messaging".to_owned()].into() };
        let bundle = Arc::new(Bundle::load(&sources).unwrap());
        let check = Arc::new(Check::new(store.clone(), bundle, &Limits::default()).await.unwrap());
        let clock = Arc::new(SetClock(AtomicI64::new(NOON_MS)));
        let settings = Settings {
            group_tools: kinds(&["documents", "calendar", "contacts", "polls"]),
            private_tools: kinds(&["documents", "calendar", "contacts", "polls", "mailbox", "drop", "profile"]),
            invitation_days: 30,
            directory_terms_min: 2,
        };
        let random = Arc::new(Counting(AtomicU64::new(1)));
        let admin = Admin { store, check, clock: Arc::clone(&clock) as _, random, desk: desk(), settings };
        Self { admin, clock, place }
    }

    /// anna, ben, carl and dora, who have a subscription without limits.
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        world.subscription("free", "{}").await;
        for id in ["anna", "ben", "carl", "dora"] {
            world.person(id, "free").await;
        }
        world
    }

    /// The company of rule E.
    pub(crate) async fn demo() -> Self {
        let world = Self::empty().await;
        assert!(demo::load(&world.admin).await.unwrap());
        world
    }

    /// The commands, and the database that lasts as long as the store.
    pub(crate) fn into_parts(self) -> (Admin, Place) {
        (self.admin, self.place)
    }

    pub(crate) async fn subscription(&self, id: &str, limits: &str) {
        let limits: NewLimits = body(limits);
        put_subscription(&self.admin, &HOST, SubscriptionId::new(id).unwrap(), limits).await.unwrap();
    }

    /// A user with this username and address, who pays for this subscription.
    pub(crate) async fn person(&self, id: &str, subscription: &str) {
        let new = NewUser {
            username: Some(id.to_owned()),
            email: Some(format!("{id}@example.org")),
            first_name: Some(id.to_owned()),
            subscription: Some(subscription.to_owned()),
            ..NewUser::default()
        };
        put_user(&self.admin, &HOST, user(id), new).await.unwrap();
    }

    /// A group with these settings, whose id is its name, and its members.
    pub(crate) async fn group(&self, settings: &str, members: &[&str]) -> GroupId {
        let new: NewGroup = body(settings);
        let created = create_group(&self.admin, &HOST, new).await.unwrap().output;
        for member in members {
            self.admit(&created.id, member).await;
        }
        created.id
    }

    /// `sales`, a private group that anna administers.
    pub(crate) async fn sales(&self, members: &[&str]) -> GroupId {
        self.group(r#"{"id":"sales","name":"Sales","administrator":"anna"}"#, members).await
    }

    pub(crate) async fn invite(&self, group: &GroupId, invitee: &str) -> Issued {
        let new: NewInvitation = body(invitee);
        invite(&self.admin, &HOST, group, new).await.unwrap().output
    }

    /// Makes somebody a member, the way everybody becomes one.
    pub(crate) async fn admit(&self, group: &GroupId, member: &str) {
        let issued = self.invite(group, &format!(r#"{{"user":"{member}"}}"#)).await;
        self.accept(member, &issued.token.unwrap()).await.unwrap();
    }

    pub(crate) async fn accept(&self, actor: &str, token: &Token) -> Result<Revision, Refusal> {
        accept_invitation(&self.admin, &by(actor), token).await.map(|done| done.revision)
    }

    pub(crate) fn later(&self, by_ms: i64) {
        self.clock.0.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Whether the policies allow it now.
    pub(crate) async fn may(&self, actor: &str, action: &str, resource: &impl Asked) -> bool {
        self.admin.allows(&user(actor), action, &resource.entity(), Context::empty()).await.unwrap()
    }

    async fn usage(&self, id: &str) -> Room {
        let id = ToolId::parse(id).unwrap();
        let usage = self.admin.store.usage(&id.space).await.unwrap();
        usage.into_iter().find(|(kind, _)| *kind == id.kind).unwrap().1
    }

    /// How much still fits into a tool that has a capacity, in its own unit.
    pub(crate) async fn room(&self, id: &str) -> i64 {
        let room = self.usage(id).await;
        room.capacity.unwrap() - room.used
    }

    /// How much of a tool is used, in its own unit.
    pub(crate) async fn used(&self, id: &str) -> i64 {
        self.usage(id).await.used
    }

    /// What a change touched of what decisions rest on, sorted: `changed User::"anna"`.
    pub(crate) async fn touched<T>(&self, done: &Done<T>) -> Vec<String> {
        let before = Revision(done.revision.0 - 1);
        let rows = self.admin.store.changes_since(before, 1).await.unwrap();
        let word = |change| match change {
            Change::Created => "created",
            Change::Changed => "changed",
            Change::Deleted => "deleted",
        };
        let told = [types::INVITATION, types::JOIN_REQUEST, types::MAIL];
        let grounds = rows.iter().filter(|row| !told.contains(&row.uid.type_name.as_str()));
        let mut touched: Vec<_> = grounds.map(|row| format!("{} {}", word(row.change), row.uid)).collect();
        touched.sort();
        touched
    }

    /// Asserts that a command is refused with this status and rule, and leaves nothing behind.
    pub(crate) async fn refused<T: std::fmt::Debug>(
        &self,
        command: impl Future<Output = Result<T, Refusal>>,
        expected: (u16, Option<&str>),
    ) {
        let before = self.admin.store.revision().await.unwrap();
        let result = command.await;
        assert_eq!(self.admin.store.revision().await.unwrap(), before);
        assert_eq!(why(result), expected);
    }
}
