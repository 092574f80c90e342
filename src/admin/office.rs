//! The worked example in a real store, for the tests of the commands.

pub(super) use super::testing::{HOST, by, user, why};

use super::demo;
use super::testing::desk;
use super::{Admin, Clock, Random, Settings};
use crate::admin::ambient::RandomError;
use crate::check::Check;
use crate::config::Limits;
use crate::domain::{ContentRef, Context, EntityUid, FolderId, Grantee, GroupId, ItemId, ToolId, ToolKind};
use crate::engine::{Bundle, Sources};
use crate::store::{Access, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tempfile::TempDir;

/// A clock that stands still.
struct Noon;

impl Clock for Noon {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000
    }
}

/// Counts, so that no two ids are the same.
#[derive(Default)]
struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

/// The company of rule E.
pub(super) struct Office {
    pub(super) admin: Admin,
    _directory: TempDir,
}

fn kinds(names: &[&str]) -> Vec<ToolKind> {
    names.iter().map(|name| ToolKind::new(*name)).collect()
}

/// Commands over an empty store.
pub(super) async fn empty() -> Office {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("office.db");
    let store = Store::open(path.to_str().unwrap(), Access::Own).await.unwrap();
    let sources = Sources { policies: None, schema: None, features: ["messaging".to_owned()].into() };
    let bundle = Arc::new(Bundle::load(&sources).unwrap());
    let check = Arc::new(Check::new(store.clone(), bundle, &Limits::default()).await.unwrap());
    let settings = Settings {
        group_tools: kinds(&["documents", "calendar", "contacts", "polls"]),
        private_tools: kinds(&["documents", "calendar", "contacts", "polls", "mailbox", "drop", "profile"]),
        invitation_days: 30,
    };
    let admin =
        Admin { store, check, clock: Arc::new(Noon), random: Arc::new(Counting::default()), desk: desk(), settings };
    Office { admin, _directory: directory }
}

/// Commands over the worked example.
pub(super) async fn open() -> Office {
    let office = empty().await;
    assert!(demo::load(&office.admin).await.unwrap());
    office
}

pub(super) fn group(id: &str) -> GroupId {
    GroupId::new(id).unwrap()
}

pub(super) fn tool(id: &str) -> ContentRef {
    ContentRef::Tool(ToolId::parse(id).unwrap())
}

pub(super) fn folder(id: &str) -> ContentRef {
    ContentRef::Folder(FolderId::new(id).unwrap())
}

pub(super) fn item(id: &str) -> ContentRef {
    ContentRef::Item(ItemId::new(id).unwrap())
}

pub(super) fn to_user(id: &str) -> Grantee {
    Grantee::User(user(id))
}

pub(super) fn to_group(id: &str) -> Grantee {
    Grantee::Group(group(id))
}

impl Office {
    /// Whether the policies allow it now.
    pub(super) async fn may(&self, actor: &str, action: &str, resource: &ContentRef) -> bool {
        let uid: EntityUid = resource.uid();
        self.admin.allows(&user(actor), action, &uid, Context::empty()).await.unwrap()
    }

    /// How much still fits into a tool that has a capacity, in its own unit.
    pub(super) async fn room(&self, id: &str) -> i64 {
        let id = ToolId::parse(id).unwrap();
        let usage = self.admin.store.usage(&id.space).await.unwrap();
        let room = usage.into_iter().find(|(kind, _)| *kind == id.kind).unwrap().1;
        room.capacity.unwrap() - room.used
    }

    /// How much of a tool is used, in its own unit.
    pub(super) async fn used(&self, id: &str) -> i64 {
        let id = ToolId::parse(id).unwrap();
        let usage = self.admin.store.usage(&id.space).await.unwrap();
        usage.into_iter().find(|(kind, _)| *kind == id.kind).unwrap().1.used
    }
}
