//! Changing a group's settings (A6-A8). Its name never changes.

use super::create_group::{activity, check_settings};
use super::field::{conflict, nullable};
use super::schema::{Description, Language, Line, Name};
use super::{Admin, Caller, Done, Refusal, membership};
use crate::domain::{EntityUid, Group, GroupId, GroupSettings, Rule};
use serde::Deserialize;
use utoipa::ToSchema;

/// What to change. What is left out stays; what is null becomes empty, a switch becomes off.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupPatch {
    /// Only the name the group has (A6).
    #[schema(value_type = Option<Name>)]
    pub name: Option<String>,
    /// The long form of the name.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub full_name: Option<Option<String>>,
    /// Free text.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<Description>)]
    pub description: Option<Option<String>>,
    /// BCP 47 tag.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<Language>)]
    pub language: Option<Option<String>>,
    /// `business` or `other`.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<crate::domain::group::Activity>)]
    pub activity: Option<Option<String>>,
    /// Only with `activity` = `business`.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub sector: Option<Option<String>>,
    /// In the directory (A7).
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<bool>)]
    pub published: Option<Option<bool>>,
    /// The directory shows who is in it (A7).
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<bool>)]
    pub members_published: Option<Option<bool>>,
    /// Anyone may join (A7).
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<bool>)]
    pub open: Option<Option<bool>>,
}

/// Changes a group's settings.
///
/// # Errors
/// [`Refusal`]: no such group, not the administrator (A8), another name (A6), a field out of range,
/// or switches that clash (A7).
pub async fn change_group(
    admin: &Admin,
    caller: &Caller,
    id: &GroupId,
    patch: GroupPatch,
) -> Result<Done<Group>, Refusal> {
    let mut tx = admin.begin("change_group", caller).await?;
    admin.authorize(caller, "modify_settings", &EntityUid::group(id)).await?;
    let group = membership::existing_group(&mut tx, id).await?;
    if patch.name.as_ref().is_some_and(|name| *name != group.name) {
        return Err(conflict(Rule::A6, "the name of a group never changes"));
    }
    let settings = patched(group.settings.clone(), patch)?;
    check_settings(&settings)?;
    if settings != group.settings {
        tx.update_group_settings(id, &settings).await?;
    }
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Group { settings, ..group }, revision })
}

fn patched(mut settings: GroupSettings, patch: GroupPatch) -> Result<GroupSettings, Refusal> {
    set(&mut settings.full_name, patch.full_name);
    set(&mut settings.description, patch.description);
    set(&mut settings.language, patch.language);
    set(&mut settings.sector, patch.sector);
    let business = patch.activity.map(|name| name.as_deref().map(activity).transpose()).transpose()?;
    set(&mut settings.activity, business);
    set(&mut settings.switches.published, patch.published.map(Option::unwrap_or_default));
    set(&mut settings.switches.members_published, patch.members_published.map(Option::unwrap_or_default));
    set(&mut settings.switches.open, patch.open.map(Option::unwrap_or_default));
    Ok(settings)
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, body, by};
    use super::*;
    use crate::domain::group::{Activity, Switches};

    fn patch(json: &str, settings: GroupSettings) -> Result<GroupSettings, Refusal> {
        patched(settings, serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a6_left_out_stays_and_null_clears() {
        let settings = GroupSettings {
            full_name: Some("Sales".to_owned()),
            activity: Some(Activity::Business),
            sector: Some("retail".to_owned()),
            switches: Switches { published: true, members_published: false, open: true },
            ..GroupSettings::default()
        };
        assert_eq!(patch("{}", settings.clone()).unwrap(), settings);
        let cleared = patch(r#"{"full_name":null,"sector":null,"activity":"other","open":null}"#, settings).unwrap();
        assert_eq!(cleared.full_name, None);
        assert_eq!(cleared.activity, Some(Activity::Other));
        assert_eq!(cleared.switches, Switches { published: true, members_published: false, open: false });
    }

    #[test]
    fn an_unknown_field_or_activity_is_refused() {
        assert!(serde_json::from_str::<GroupPatch>(r#"{"publishd":true}"#).is_err());
        let refused = patch(r#"{"activity":"fun"}"#, GroupSettings::default());
        assert!(matches!(refused, Err(Refusal::OutOfRange { field: "activity", .. })));
    }

    #[tokio::test]
    async fn a8_only_the_administrator_changes_settings() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let change = async |caller: Caller, json| change_group(&world.admin, &caller, &sales, body(json)).await;
        for (caller, json, expected) in [
            (by("ben"), r#"{"published":true}"#, (403, Some("A8"))),
            (by("carl"), r#"{"published":true}"#, (404, None)),
            (by("anna"), r#"{"name":"Other"}"#, (409, Some("A6"))),
            (HOST, r#"{"name":"Other"}"#, (409, Some("A6"))),
            (by("anna"), r#"{"open":true}"#, (422, Some("A7"))),
            (HOST, r#"{"members_published":true}"#, (422, Some("A7"))),
            (HOST, r#"{"sector":"retail"}"#, (422, Some("A6"))),
        ] {
            world.refused(change(caller, json), expected).await;
        }
        let open = r#"{"name":"Sales","published":true,"open":true,"full_name":"All of sales"}"#;
        let done = change(by("anna"), open).await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed Group::\"sales\""]);
        assert!(world.may("carl", "join", &EntityUid::group(&sales)).await);
        // A7: closing the directory needs the door closed too.
        world.refused(change(by("anna"), r#"{"published":false}"#), (422, Some("A7"))).await;
        let same = change(by("anna"), r#"{"published":true}"#).await.unwrap();
        assert_eq!(same.revision, done.revision);
        let closed = change(HOST, r#"{"published":false,"open":null,"full_name":null}"#).await.unwrap();
        assert_eq!(closed.output.settings, GroupSettings::default());
    }
}
