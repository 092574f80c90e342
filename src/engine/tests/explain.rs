//! Explanations of any policies, whether or not they know of groups.

use super::*;
use crate::domain::facts::Link;
use crate::engine::explain::{Cause, Decided, Explanation, PolicyEffect, Verdict};
use Verdict::{Fails, Holds};
use serde_json::json;

const SHOP: &str = "
    entity Customer { vip: Bool, orders: Set<Order>, level: Long };
    entity Region;
    entity Order in [Region] { customer: Customer, state: String, total: Long, note?: String };
    action ship, cancel appliesTo { principal: Customer, resource: Order, context: { express?: Bool } };";

fn shop() -> Json {
    json!([
        {"uid": {"type": "Customer", "id": "ann"}, "attrs": {"vip": false, "orders": [], "level": 3}, "parents": []},
        {"uid": {"type": "Customer", "id": "bob"}, "attrs": {"vip": true, "orders": [], "level": 9}, "parents": []},
        {"uid": {"type": "Order", "id": "1"}, "attrs": {
            "customer": {"__entity": {"type": "Customer", "id": "ann"}}, "state": "open", "total": 40,
        }, "parents": [{"type": "Region", "id": "north"}]},
        {"uid": {"type": "Region", "id": "north"}, "attrs": {}, "parents": []},
    ])
}

fn explained(bundle: &Bundle, request: &DecisionRequest, entities: Json, chain: &[Link]) -> (Outcome, Explanation) {
    let entities = super::entities(bundle, entities);
    let types = (&request.principal.type_name, &request.resource.type_name);
    let environment = bundle.environment(types.0, &request.action.borrow(), types.1).unwrap();
    let context = bundle.context(environment, &request.context).unwrap();
    let outcome = evaluated(bundle, environment, request, &context, &entities);
    let decided = Decided { request, context: &context, entities: &entities, chain, outcome: &outcome };
    let explanation = bundle.explain(environment, decided);
    (outcome, explanation)
}

fn in_shop(policies: &str, customer: &str, context: Json) -> (Outcome, Explanation) {
    let bundle = compiled(SHOP, policies).unwrap();
    let principal = format!("Customer::\"{customer}\"");
    explained(&bundle, &request(&principal, "Action::\"ship\"", "Order::\"1\"", context), shop(), &[])
}

/// Text and result of each condition of the closest policy.
fn conditions(explanation: &Explanation) -> Vec<(&str, Verdict)> {
    explanation.closest[0].conditions.iter().map(|one| (one.text.as_str(), one.result)).collect()
}

#[test]
fn each_part_is_judged_by_itself_with_what_it_saw() {
    let policies = "
// Good customers, and only them.
@id(\"vip\") @rule(\"X1\")
permit (principal, action, resource)
when { resource.customer == principal && principal.vip && principal.level > 5 }
unless { resource.state == \"held\" || resource has note };";
    let (outcome, explanation) = in_shop(policies, "ann", json!({}));
    assert_eq!(outcome.decision, Decision::Deny);
    assert_eq!(
        conditions(&explanation),
        [
            ("resource.customer == principal", Holds),
            ("principal.vip", Fails),
            ("principal.level > 5", Fails),
            ("!(resource.state == \"held\")", Holds),
            ("!(resource has note)", Holds),
        ]
    );
    let policy = &explanation.closest[0];
    assert_eq!((policy.id.as_str(), policy.rule.as_deref()), ("vip", Some("X1")));
    assert_eq!(
        (policy.effect, policy.file.as_str(), policy.line, policy.last_line),
        (PolicyEffect::Permit, "p.cedar", 3, 6)
    );
    assert_eq!(policy.comment, "Good customers, and only them.");
    assert_eq!(
        policy.conditions.iter().map(|one| one.line).collect::<Vec<_>>(),
        [Some(5), Some(5), Some(5), Some(6), Some(6)]
    );
    let seen: Vec<_> =
        policy.conditions[2].values.iter().map(|seen| (seen.path.as_str(), seen.value.as_deref())).collect();
    assert_eq!(seen, [("principal.level", Some("3"))]);
    assert!(explanation.would_allow.is_empty() && policy.facts.is_empty());
    assert_eq!(explanation.cause(outcome.decision), Cause::Nothing);
}

#[test]
fn the_policy_with_the_fewest_failing_parts_comes_first() {
    let policies = "
        @id(\"far\") permit (principal, action, resource) when { principal.vip && principal.level > 5 };
        @id(\"near\") permit (principal, action, resource) when { principal.level > 2 && principal.vip };
        @id(\"other\") permit (principal == Customer::\"bob\", action, resource) when { principal.vip };";
    let (_, explanation) = in_shop(policies, "ann", json!({}));
    let ids: Vec<_> = explanation.closest.iter().map(|policy| policy.id.as_str()).collect();
    assert_eq!(ids, ["near", "far", "other"]);
    let scope = &explanation.closest[2].conditions[0];
    assert_eq!((scope.text.as_str(), scope.result), ("principal == Customer::\"bob\"", Fails));
}

#[test]
fn what_lies_behind_a_part_that_fails_is_no_error() {
    let policies =
        "@id(\"note\") permit (principal, action, resource) when { resource has note && resource.note like \"a*\" };";
    let (outcome, explanation) = in_shop(policies, "ann", json!({}));
    assert!(outcome.errors.is_empty());
    let results: Vec<_> = conditions(&explanation).into_iter().map(|(_, result)| result).collect();
    assert_eq!(results, [Fails, Verdict::NotReached]);
    assert_eq!(explanation.closest[0].conditions[1].values[0].value, None);
    assert!(explanation.failed.is_empty());
}

#[test]
fn a_policy_that_fails_is_shown_and_nothing_is_suggested_past_a_forbid_that_does() {
    let policies = "
        @id(\"all\") permit (principal, action, resource);
        @id(\"sum\") forbid (principal, action, resource) when { principal.level + 9223372036854775807 > 0 };";
    let (outcome, explanation) = in_shop(policies, "ann", json!({}));
    assert_eq!((outcome.decision, outcome.errors.len()), (Decision::Deny, 1));
    let failed = &explanation.failed[0];
    assert_eq!((failed.id.as_str(), failed.conditions[0].result), ("sum", Verdict::Error));
    assert!(failed.conditions[0].error.as_ref().is_some_and(|error| error.contains("overflow")));
    assert!(explanation.determining.is_empty() && explanation.would_allow.is_empty());
    assert_eq!(explanation.cause(outcome.decision), Cause::Failed("sum"));
    assert_eq!(explanation.closest[0].id, "all");
}

#[test]
fn a_policy_without_conditions_allows_by_itself() {
    let (outcome, explanation) = in_shop("@id(\"all\") permit (principal, action, resource);", "ann", json!({}));
    assert_eq!(outcome.decision, Decision::Allow);
    assert!(explanation.determining[0].conditions.is_empty());
    assert_eq!(explanation.cause(outcome.decision), Cause::Allowed("all"));
}

#[test]
fn either_of_two_is_one_condition() {
    let policies = "@id(\"either\") permit (principal, action, resource)
        when { principal.vip || (principal.level > 5 && resource.total < 10) };";
    let (_, explanation) = in_shop(policies, "ann", json!({}));
    assert_eq!(conditions(&explanation).len(), 1);
    let paths: Vec<_> = explanation.closest[0].conditions[0].values.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["principal.vip", "principal.level", "resource.total"]);
    let (outcome, explanation) = in_shop(policies, "bob", json!({}));
    assert_eq!((outcome.decision, explanation.determining[0].conditions[0].result), (Decision::Allow, Holds));
}

#[test]
fn a_value_is_cut_off_where_nobody_reads_on() {
    let policies = "@id(\"state\") permit (principal, action, resource) when { resource.state == \"closed\" };";
    let bundle = compiled(SHOP, policies).unwrap();
    let mut entities = shop();
    entities[2]["attrs"]["state"] = "ü".repeat(10_000).into();
    let asked = request("Customer::\"ann\"", "Action::\"ship\"", "Order::\"1\"", json!({}));
    let (_, explanation) = explained(&bundle, &asked, entities, &[]);
    let value = explanation.closest[0].conditions[0].values[0].value.clone().unwrap();
    assert!(value.chars().count() == limits::SHOWN_VALUE_CHARACTERS_MAX + 1 && value.ends_with('…'));
}

#[test]
fn as_json_facts_and_changes_name_their_kind() {
    let (_, explanation) =
        in_shop("@id(\"all\") permit (principal, action, resource) when { principal.vip };", "ann", json!({}));
    let shown = serde_json::to_value(&explanation).unwrap();
    assert_eq!(
        shown["closest"][0]["conditions"][0],
        json!({
            "text": "principal.vip", "line": 1, "result": "fails", "values": [{"path": "principal.vip", "value": "false"}],
        })
    );
    let change = crate::engine::explain::Change::Grant {
        right: crate::domain::Right::Add,
        on: vec![EntityUid::new("Folder", "a \"b\"")],
        to: vec![crate::domain::Grantee::Group(crate::domain::GroupId::new("sales").unwrap())],
    };
    assert_eq!(
        serde_json::to_value(change).unwrap(),
        json!({
            "kind": "grant", "right": "add", "on": ["Folder::\"a \\\"b\\\"\""], "to": [{"group": "sales"}],
        })
    );
}
