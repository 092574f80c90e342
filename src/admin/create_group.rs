//! Creating a group: its creator administers it, and its tools are there, empty (S1, A1).

use super::field::{conflict, id, malformed, out_of_range, text, texts};
use super::schema::{Description, Language, Line, Name};
use super::{Admin, Caller, Done, Refusal, ambient, authority};
use crate::domain::group::{Activity, Switches};
use crate::domain::text::{description, language, line, name};
use crate::domain::{EntityUid, Group, GroupId, GroupSettings, Rule, UserId, name::fold};
use crate::store::WriteTransaction;
use serde::Deserialize;
use utoipa::ToSchema;

/// What a request says of a new group.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Chosen by the caller; made here if left out.
    #[serde(default)]
    #[schema(value_type = Option<GroupId>)]
    pub id: Option<String>,
    /// Unique after `NFKC_Casefold`, for good (A6).
    #[schema(value_type = Name)]
    pub name: String,
    /// The long form of the name.
    #[serde(default)]
    #[schema(value_type = Option<Line>)]
    pub full_name: Option<String>,
    /// Free text.
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Option<String>,
    /// BCP 47 tag.
    #[serde(default)]
    #[schema(value_type = Option<Language>)]
    pub language: Option<String>,
    /// `business` or `other`.
    #[serde(default)]
    #[schema(value_type = Option<Activity>)]
    pub activity: Option<String>,
    /// Only with `activity` = `business`.
    #[serde(default)]
    #[schema(value_type = Option<Line>)]
    pub sector: Option<String>,
    /// In the directory (A7).
    #[serde(default)]
    pub published: Option<bool>,
    /// The directory shows who is in it (A7).
    #[serde(default)]
    pub members_published: Option<bool>,
    /// Anyone may join (A7).
    #[serde(default)]
    pub open: Option<bool>,
    /// Who administers it: of operator calls alone, an actor administers what they create.
    #[serde(default)]
    #[schema(value_type = Option<UserId>)]
    pub administrator: Option<String>,
}

/// Creates a group.
///
/// # Errors
/// [`Refusal`]: an unknown actor, a field out of range, switches that clash (A7), a name or id in
/// use (A6, A14), or as many groups as the subscription allows (P3).
pub async fn create_group(admin: &Admin, caller: &Caller, input: NewGroup) -> Result<Done<Group>, Refusal> {
    let mut tx = admin.begin("create_group", caller).await?;
    let administrator = administrator(admin, &mut tx, caller, input.administrator.as_deref()).await?;
    text("name", &input.name, name)?;
    let settings = settings(&input)?;
    check_settings(&settings)?;
    let group_id = match &input.id {
        Some(text) => id("id", text)?,
        None => made_id(admin)?,
    };
    let folded = fold(&input.name);
    check_unused(&mut tx, &group_id, &input.name, &folded).await?;
    check_group_limit(&mut tx, &administrator).await?;
    let group = Group { id: group_id, name: input.name, administrator, settings };
    tx.insert_group(&group, &folded, admin.clock.now_ms(), &admin.settings.group_tools).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: group, revision })
}

async fn administrator(
    admin: &Admin,
    tx: &mut WriteTransaction,
    caller: &Caller,
    named: Option<&str>,
) -> Result<UserId, Refusal> {
    let Some(named) = named else {
        if caller.actor.is_none() {
            return Err(malformed(
                "administrator",
                "is missing: say who administers, or in whose name the call is made (`Conclave-Actor`)",
            ));
        }
        return admin.known_actor(tx, caller).await;
    };
    admin.host_only(caller, "groups with an explicit administrator")?;
    let user: UserId = id("administrator", named)?;
    if tx.user_exists(&user).await? { Ok(user) } else { Err(authority::not_found(&EntityUid::user(&user))) }
}

fn settings(input: &NewGroup) -> Result<GroupSettings, Refusal> {
    Ok(GroupSettings {
        full_name: input.full_name.clone(),
        description: input.description.clone(),
        language: input.language.clone(),
        activity: input.activity.as_deref().map(activity).transpose()?,
        sector: input.sector.clone(),
        switches: Switches {
            published: input.published.unwrap_or_default(),
            members_published: input.members_published.unwrap_or_default(),
            open: input.open.unwrap_or_default(),
        },
    })
}

/// Reads `business` or `other`.
pub(super) fn activity(name: &str) -> Result<Activity, Refusal> {
    Activity::from_name(name).ok_or_else(|| out_of_range("activity", "must be `business` or `other`"))
}

/// Lengths of texts, and the combinations that A6 and A7 forbid.
pub(super) fn check_settings(settings: &GroupSettings) -> Result<(), Refusal> {
    texts(&[
        ("full_name", settings.full_name.as_deref(), line),
        ("description", settings.description.as_deref(), description),
        ("language", settings.language.as_deref(), language),
        ("sector", settings.sector.as_deref(), line),
    ])?;
    settings.check().map_err(|error| Refusal::OutOfRange {
        field: error.field(),
        detail: error.detail().to_owned(),
        rule: Some(error.rule()),
    })
}

fn made_id(admin: &Admin) -> Result<GroupId, Refusal> {
    let uuid = ambient::new_uuid(admin.clock.as_ref(), admin.random.as_ref())?;
    id("id", &uuid)
}

async fn check_unused(tx: &mut WriteTransaction, group: &GroupId, name: &str, folded: &str) -> Result<(), Refusal> {
    // One answer for both, so that an outsider learns nothing of private groups.
    if tx.is_buried(&EntityUid::group(group)).await? || tx.group(group).await?.is_some() {
        return Err(conflict(Rule::A14, format!("the id `{group}` is or was that of a group")));
    }
    if tx.group_name_is_taken(folded).await? {
        return Err(conflict(Rule::A6, format!("the name `{name}` is taken")));
    }
    Ok(())
}

async fn check_group_limit(tx: &mut WriteTransaction, administrator: &UserId) -> Result<(), Refusal> {
    let allowed = tx.limits_of(administrator).await?.and_then(|limits| limits.max_groups);
    let Some(allowed) = allowed else { return Ok(()) };
    if tx.administered_groups(administrator).await? < allowed {
        return Ok(());
    }
    Err(conflict(Rule::P3, format!("the subscription of `{administrator}` allows {allowed} groups")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;

    async fn create(world: &World, caller: &Caller, json: &str) -> Result<Done<Group>, Refusal> {
        create_group(&world.admin, caller, body(json)).await
    }

    #[tokio::test]
    async fn s1_a1_the_creator_administers_an_empty_space() {
        let world = World::new().await;
        let done = create(&world, &by("anna"), r#"{"id":"sales","name":"Sales"}"#).await.unwrap();
        assert_eq!(done.output.administrator, user("anna"));
        assert_eq!(done.output.settings, GroupSettings::default());
        let touched = [
            "changed User::\"anna\"",
            "created Group::\"sales\"",
            "created Tool::\"group:sales/calendar\"",
            "created Tool::\"group:sales/contacts\"",
            "created Tool::\"group:sales/documents\"",
            "created Tool::\"group:sales/polls\"",
        ];
        assert_eq!(world.touched(&done).await, touched);
        assert!(world.may("anna", "hand_over", &EntityUid::group(&done.output.id)).await);
    }

    #[tokio::test]
    async fn a1_the_host_names_the_administrator_and_nobody_else_does() {
        let world = World::new().await;
        let named = r#"{"name":"Sales","administrator":"anna"}"#;
        world.refused(create(&world, &by("anna"), named), (403, None)).await;
        world.refused(create(&world, &HOST, r#"{"name":"Sales"}"#), (400, None)).await;
        world.refused(create(&world, &HOST, r#"{"name":"Sales","administrator":"x"}"#), (404, None)).await;
        world.refused(create(&world, &by("stranger"), r#"{"name":"Sales"}"#), (403, None)).await;
        let made = create(&world, &HOST, named).await.unwrap().output;
        assert_eq!(made.administrator, user("anna"));
        assert_eq!(made.id.as_str().len(), 36);
    }

    #[tokio::test]
    async fn a6_names_are_unique_after_folding() {
        let world = World::new().await;
        world.sales(&[]).await;
        for name in ["Sales", "SALES", "ｓａｌｅｓ", "Sa\u{ad}les"] {
            let json = serde_json::json!({"name": name}).to_string();
            world.refused(create(&world, &by("ben"), &json), (409, Some("A6"))).await;
        }
        world.refused(create(&world, &by("ben"), r#"{"name":""}"#), (422, None)).await;
    }

    #[tokio::test]
    async fn a7_switches_without_published_are_refused() {
        let world = World::new().await;
        for (json, rule) in [
            (r#"{"name":"S","open":true}"#, Some("A7")),
            (r#"{"name":"S","members_published":true}"#, Some("A7")),
            (r#"{"name":"S","sector":"retail"}"#, Some("A6")),
            (r#"{"name":"S","sector":"retail","activity":"other"}"#, Some("A6")),
            (r#"{"name":"S","activity":"fun"}"#, None),
            (r#"{"name":"S","language":"english language"}"#, None),
            (r#"{"name":"S","id":"a/b"}"#, None),
        ] {
            world.refused(create(&world, &by("anna"), json), (422, rule)).await;
        }
        let open = r#"{"name":"S","published":true,"open":true,"sector":"retail","activity":"business"}"#;
        assert!(create(&world, &by("anna"), open).await.unwrap().output.settings.switches.open);
    }

    #[tokio::test]
    async fn p3_the_subscription_sets_how_many_groups() {
        let world = World::new().await;
        world.subscription("one", r#"{"max_groups":1}"#).await;
        world.person("eve", "one").await;
        create(&world, &by("eve"), r#"{"name":"First"}"#).await.unwrap();
        world.refused(create(&world, &by("eve"), r#"{"name":"Second"}"#), (409, Some("P3"))).await;
        let named = r#"{"name":"Second","administrator":"eve"}"#;
        world.refused(create(&world, &HOST, named), (409, Some("P3"))).await;
    }
}
