//! Rule by rule, over HTTP: every clause as an actor meets it and as the host does. The table below
//! says which tests hold a rule, and why where one of the two has none.

mod administrator;
mod co_administrators;
mod content;
mod leaving;
mod membership;
pub mod scene;
mod spaces;
mod subscriptions;

use Held::{By, Not};
use conclave::domain::Rule;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What holds a rule in calls on behalf of a person, or in the host's own.
enum Held {
    /// These tests, among others.
    By(&'static [&'static str]),
    /// Nothing has to, for this reason.
    Not(&'static str),
}

const NO_PRINCIPAL: Held = Not("a decision is about a person; the host is none and asks for nobody but people");
const IN_PERSON: &str = "the call is made in a person's name alone; the host's own is a 400";

/// Rule, actor, host.
#[rustfmt::skip]
const TABLE: &[(&str, Held, Held)] = &[
    ("S1", By(&["s1_a_group_and_a_user_come_with_one_empty_tool_of_each_kind"]), By(&["s1_a_group_and_a_user_come_with_one_empty_tool_of_each_kind", "s1_a_new_user_has_a_private_space"])),
    ("S2", By(&["s2_everyone_in_a_group_views_everything_and_nobody_else_does", "s2_usage_of_a_group_is_for_the_people_in_it"]), By(&["s2_everyone_in_a_group_views_everything_and_nobody_else_does"])),
    ("S3", By(&["s3_the_contexts_are_private_and_then_ones_groups"]), By(&["s3_the_contexts_are_private_and_then_ones_groups"])),
    ("S4", By(&["s4_the_owner_has_every_right_and_nobody_else_any", "s4_an_owner_withdraws_a_grant_at_any_time_and_nobody_else_does"]), By(&["s4_an_owner_withdraws_a_grant_at_any_time_and_nobody_else_does"])),
    ("S5", By(&["s5_private_rights_go_to_those_with_a_group_in_common"]), By(&["s5_private_rights_go_to_those_with_a_group_in_common"])),
    ("S6", By(&["s6_who_sees_what_of_a_group"]), By(&["s6_who_sees_what_of_a_group"])),
    ("M1", By(&["m1_people_of_a_group_see_when_the_other_is_busy_and_no_details", "m1_a_busy_grant_outlives_the_shared_group"]), By(&["m1_people_of_a_group_see_when_the_other_is_busy_and_no_details"])),
    ("M2", By(&["m2_people_of_a_group_chat_where_messaging_is_on"]), NO_PRINCIPAL),
    ("M3", By(&["m3_people_of_a_group_drop_documents_and_do_not_look"]), By(&["m3_people_of_a_group_drop_documents_and_do_not_look"])),
    ("M4", By(&["m4_five_fields_of_the_others_profile_and_more_by_a_grant", "m4_exactly_five_fields_of_another_profile"]), By(&["m4_five_fields_of_the_others_profile_and_more_by_a_grant"])),
    ("M5", By(&["m5_all_of_it_ends_with_the_last_shared_group_at_once"]), By(&["m5_what_a_shared_group_brings_ends_with_it_at_once"])),
    ("P1", By(&["p1_nobody_chooses_their_own_username_or_subscription"]), By(&["p1_everybody_has_one_subscription_and_a_username_of_their_own"])),
    ("P2", By(&["p2_the_subscription_has_no_say_in_which_groups_a_person_joins"]), By(&["p2_the_subscription_has_no_say_in_which_groups_a_person_joins"])),
    ("P3", By(&["p3_the_groups_administered_now_are_what_counts"]), By(&["p3_the_groups_administered_now_are_what_counts"])),
    ("P4", By(&["p4_the_administrators_subscription_sets_how_many_members"]), By(&["p4_the_administrators_subscription_sets_how_many_members"])),
    ("P5", By(&["p5_each_group_and_the_private_space_have_the_whole_capacity", "p5_what_anyone_adds_counts_against_the_group"]), By(&["p5_each_group_and_the_private_space_have_the_whole_capacity"])),
    ("P6", By(&["p6_a_smaller_subscription_is_accepted_and_only_additions_are_refused"]), By(&["p6_a_smaller_subscription_is_accepted_and_only_additions_are_refused"])),
    ("P7", By(&["p7_no_actor_deletes_a_user"]), By(&["p7_a_deleted_user_leaves_what_they_added_and_nothing_else"])),
    ("A1", By(&["a1_whoever_creates_a_group_administers_it_and_it_is_empty"]), By(&["a1_whoever_creates_a_group_administers_it_and_it_is_empty"])),
    ("A2", By(&["a2_a_group_has_one_administrator_whatever_happens"]), By(&["a2_a_group_has_one_administrator_whatever_happens"])),
    ("A3", By(&["a3_the_administrator_neither_leaves_nor_is_removed"]), By(&["a3_the_administrator_neither_leaves_nor_is_removed"])),
    ("A4", By(&["a4_a_group_is_handed_to_a_member_and_the_former_stays_as_one"]), By(&["a4_a_group_is_handed_to_a_member_and_the_former_stays_as_one"])),
    ("A5", By(&["a5_a_handover_past_limits_names_every_shortfall_and_goes_through_if_accepted"]), By(&["a5_a_handover_past_limits_names_every_shortfall_and_goes_through_if_accepted"])),
    ("A6", By(&["a6_a_name_is_unique_when_folded_and_never_changes"]), By(&["a6_a_name_is_unique_when_folded_and_never_changes"])),
    ("A7", By(&["a7_open_and_members_published_go_only_with_published"]), By(&["a7_open_and_members_published_go_only_with_published"])),
    ("A8", By(&["a8_only_the_administrator_changes_settings"]), By(&["a8_only_the_administrator_changes_settings"])),
    ("A9", By(&["a9_only_the_administrator_invites_and_strangers_become_contacts"]), By(&["a9_only_the_administrator_invites_and_strangers_become_contacts"])),
    ("A10", By(&["a10_an_invitation_is_mailed_listed_renewed_and_ended", "a10_a_token_that_ended_admits_nobody", "a10_who_reads_the_mail_can_accept"]), By(&["a10_an_invitation_is_mailed_listed_renewed_and_ended", "a10_after_how_many_days_an_invitation_expires_is_configuration"])),
    ("A11", By(&["a11_members_are_invited_at_any_time"]), By(&["a11_members_are_invited_at_any_time"])),
    ("A12", By(&["a12_who_is_removed_loses_the_space_and_leaves_what_they_added"]), By(&["a12_who_is_removed_loses_the_space_and_leaves_what_they_added"])),
    ("A13", By(&["a13_several_or_all_go_in_one_step_or_nobody_does"]), By(&["a13_several_or_all_go_in_one_step_or_nobody_does"])),
    ("A14", By(&["a14_a_group_without_members_is_deleted_with_all_that_is_in_it"]), By(&["a14_a_group_without_members_is_deleted_with_all_that_is_in_it"])),
    ("D1", By(&["d1_by_default_those_who_run_the_group_add_and_delete"]), Not("it says who may; the host is bound by invariants and not by rights")),
    ("D2", By(&["d2_add_and_delete_are_granted_to_people_of_the_group"]), By(&["d2_add_and_delete_are_granted_to_people_of_the_group"])),
    ("D3", By(&["d3_a_grant_to_all_holds_for_later_joiners_and_ends_for_leavers"]), By(&["d3_a_grant_to_all_holds_for_later_joiners_and_ends_for_leavers"])),
    ("D4", By(&["d4_the_author_says_who_edits"]), By(&["d4_the_host_needs_no_right_to_edit_and_says_who_the_author_is"])),
    ("D5", By(&["d5_those_who_run_the_group_delete_any_item_and_the_author_does_not"]), By(&["d5_those_who_run_the_group_delete_any_item_and_the_author_does_not"])),
    ("D6", By(&["d6_grants_hold_below_and_add_up"]), By(&["d6_grants_hold_below_and_add_up"])),
    ("D7", By(&["d7_access_is_changed_by_those_who_run_the_group_and_of_an_item_by_its_author", "d7_each_right_has_its_place_and_nobody_names_themselves"]), By(&["d7_each_right_has_its_place_and_nobody_names_themselves"])),
    ("D8", By(&["d8_deleting_a_folder_takes_the_right_on_it_and_all_below_it", "d8_moving_takes_delete_here_and_add_there_within_the_tool"]), By(&["d8_deleting_a_folder_takes_the_right_on_it_and_all_below_it", "d8_moving_takes_delete_here_and_add_there_within_the_tool"])),
    ("C1", By(&["c1_the_administrator_appoints_several_from_among_the_members"]), By(&["c1_the_administrator_appoints_several_from_among_the_members"])),
    ("C2", By(&["c2_c3_a_co_administrator_adds_deletes_and_grants_anywhere_in_the_space"]), By(&["c2_c3_a_co_administrator_adds_deletes_and_grants_anywhere_in_the_space"])),
    ("C3", By(&["c2_c3_a_co_administrator_adds_deletes_and_grants_anywhere_in_the_space"]), By(&["c2_c3_a_co_administrator_adds_deletes_and_grants_anywhere_in_the_space"])),
    ("C4", By(&["c4_nothing_else_of_the_administrators_is_theirs"]), Not("it says what a co-administrator may not; the host is no co-administrator")),
    ("C5", By(&["c5_a_dismissal_ends_the_role_and_no_grant_by_name"]), By(&["c5_a_dismissal_ends_the_role_and_no_grant_by_name"])),
    ("F1", By(&["f1_a_search_is_refused_that_the_rule_forbids"]), By(&["f1_a_search_is_refused_that_the_rule_forbids", "f1_how_many_terms_is_configuration"])),
    ("F2", By(&["f2_f3_f5_a_private_group_does_not_exist_to_outsiders"]), By(&["f2_f3_f5_a_private_group_does_not_exist_to_outsiders", "f2_a_private_group_never_appears"])),
    ("F3", By(&["f2_f3_a7_everybody_finds_the_same_and_no_more_than_is_published"]), By(&["f2_f3_a7_everybody_finds_the_same_and_no_more_than_is_published"])),
    ("F4", By(&["f4_whoever_finds_an_open_group_joins_it", "f4_nobody_joins_or_leaves_in_nobodys_name"]), Not(IN_PERSON)),
    ("F5", By(&["f5_a_closed_group_is_joined_by_asking", "f2_f3_f5_a_private_group_does_not_exist_to_outsiders"]), By(&["f5_a_request_is_withdrawn_by_the_person_or_dismissed_by_the_administrator"])),
    ("F6", By(&["f6_any_member_leaves_and_loses_what_a_removal_takes"]), Not(IN_PERSON)),
    ("F7", By(&["f7_leaving_asks_what_becomes_of_the_grants_made_through_the_group", "f7_kept_grants_are_withdrawn_by_nobody_until_they_meet_again", "f7_a_removed_persons_grants_stay_theirs_to_withdraw"]), By(&["f7_kept_grants_are_withdrawn_by_nobody_until_they_meet_again", "f7_a_removed_persons_grants_stay_theirs_to_withdraw"])),
    ("E", By(&["e_the_company_is_built_by_calls_and_decides_like_the_demo"]), By(&["e_the_worked_example_is_loaded_once", "e_everyone_is_where_the_example_says"])),
    ("T1", By(&["t1_the_mail_in_every_language", "t1_days_are_counted_as_the_language_counts", "t1_the_reason_comes_in_the_language_that_is_liked_best"]), By(&["t1_the_primary_language_decides_and_english_is_for_all_others"])),
    ("T2", By(&["t2_the_product_has_its_configured_name"]), Not("the text is the same whoever made the change that it tells of")),
];

pub fn below(folder: PathBuf, extension: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

/// The name of every test function in this source.
pub fn tests_in(source: &str) -> BTreeSet<String> {
    let (mut names, mut is_test) = (BTreeSet::new(), false);
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            is_test &= !line.starts_with("#[ignore");
        } else if let Some((_, rest)) = line.split_once("fn ") {
            if is_test && let Some((name, _)) = rest.split_once('(') {
                names.insert(name.to_owned());
            }
            is_test = false;
        }
    }
    names
}

/// The names of a row that are no test, or no test of this rule.
fn missing(rule: &str, held: &Held, tests: &BTreeSet<String>) -> Vec<String> {
    let names = match held {
        By(names) => names,
        Not(reason) => return (!reason.contains(' ')).then(|| format!("{rule}: no reason")).into_iter().collect(),
    };
    let part = rule.to_lowercase();
    let of_rule = |name: &str| name.split('_').any(|found| found == part);
    let good = |name: &&str| tests.contains(*name) && of_rule(name);
    let bad = names.iter().filter(|name| !good(name)).map(|name| format!("{rule}: {name}"));
    bad.chain(names.is_empty().then(|| format!("{rule}: no test"))).collect()
}

#[test]
fn every_rule_has_a_test_for_an_actor_and_for_the_host() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["src", "tests"].into_iter().flat_map(|folder| below(root.join(folder), "rs"));
    let tests = sources.flat_map(|path| tests_in(&std::fs::read_to_string(path).unwrap())).collect();
    let rows = TABLE.iter().flat_map(|(rule, actor, host)| [(rule, actor), (rule, host)]);
    let gone: Vec<_> = rows.flat_map(|(rule, held)| missing(rule, held, &tests)).collect();
    assert!(gone.is_empty(), "renamed or gone, or not named by the rule: {gone:#?}");
}

#[test]
fn the_table_the_code_and_the_rule_book_have_the_same_rules() {
    let book = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).unwrap();
    let rules = book.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**").map(|(id, _)| id));
    let written: BTreeSet<_> = rules.chain(book.contains("\n## E. ").then_some("E")).collect();
    let known: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id()).chain(["E"]).collect();
    let held: BTreeSet<_> = TABLE.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(written, known);
    assert_eq!(held, known);
    assert_eq!(held.len(), TABLE.len(), "each rule has one row");
}

#[test]
fn a_test_that_is_renamed_or_ignored_is_missed() {
    let attribute = |name: &str| format!("#[{name}]");
    let source = |ignored: &str, name: &str| format!("{}\n{ignored}\nasync fn {name}() {{\n", attribute("tokio::test"));
    let held = By(&["a12_good", "a1_other_rule"]);
    let found = tests_in(&(source("", "a12_good") + &source("", "a1_other_rule")));
    assert_eq!(missing("A12", &held, &found), ["A12: a1_other_rule"]);
    for source in [source(&attribute("ignore"), "a12_good"), source("", "a12_better"), "fn a12_good() {".to_owned()] {
        assert_eq!(missing("A12", &By(&["a12_good"]), &tests_in(&source)), ["A12: a12_good"]);
    }
    assert_eq!(missing("A12", &By(&[]), &found), ["A12: no test"]);
    assert_eq!(missing("A12", &Not(""), &found), ["A12: no reason"]);
}
