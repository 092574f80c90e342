//! Several evaluations in one request.

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "they are made for it")]
fn decisions(reply: (u16, Value)) -> Vec<Option<bool>> {
    assert_eq!(reply.0, 200, "{}", reply.1);
    assert_eq!(reply.1.as_object().unwrap().len(), 1, "nothing beside the list: {}", reply.1);
    reply.1["evaluations"].as_array().unwrap().iter().map(|one| one["decision"].as_bool()).collect()
}

async fn ask(sidecar: &TestSidecar, body: &Value) -> Vec<Option<bool>> {
    decisions(post(sidecar, EVALUATIONS, body).await)
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

#[tokio::test]
async fn every_question_is_answered_in_its_order() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let users = ["workman-1", "salesman-1", "secretary", "nobody"];
    let body = json!({"evaluations": users.map(view)});
    assert_eq!(ask(&sidecar, &body).await, [NO, YES, YES, NO]);
    let reply = post(&sidecar, EVALUATIONS, &body).await.1;
    assert_eq!(reply["evaluations"][0], json!({"decision": false}), "no context unless asked");
    sidecar.stop().await;
}

#[tokio::test]
async fn defaults_are_replaced_whole() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let mut body = question("salesman-1", "view", SALES);
    body["context"] = json!({"field": "email"});
    body["evaluations"] = json!([
        {},
        {"subject": subject("workman-1")},
        {"action": {"name": "manage_access"}},
        {"resource": {"type": "Tool", "id": "group:production/documents"}},
        {"action": {"name": "view_profile"}, "resource": subject("secretary")},
        {"action": {"name": "view_profile"}, "resource": subject("secretary"), "context": {"field": "birthday"}},
        // Nothing of the other context is left: `field` is missing.
        {"action": {"name": "view_profile"}, "resource": subject("secretary"), "context": {"more": 1}},
        // Nothing of the other subject is left: `type` is missing.
        {"subject": {"id": "salesman-1"}},
    ]);
    let reply = post(&sidecar, EVALUATIONS, &body).await.1;
    assert_eq!(decisions((200, reply.clone())), [YES, NO, NO, NO, YES, NO, NO, NO]);
    let message = |n: usize| reply["evaluations"][n]["context"]["error"]["message"].as_str().unwrap().to_owned();
    assert!(message(6).contains("context.field"), "{}", message(6));
    assert!(message(7).contains("subject.type"), "{}", message(7));
    sidecar.stop().await;
}

#[tokio::test]
async fn each_semantic_returns_exactly_what_ran() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let ask = async |semantic: &str, users: &[&str]| {
        let evaluations: Vec<_> = users.iter().map(|user| json!({"subject": subject(user)})).collect();
        let mut body = view("director");
        body["evaluations"] = json!(evaluations);
        body["options"] = json!({"evaluations_semantic": semantic, "another_option": "value"});
        ask(&sidecar, &body).await
    };
    let (yes, no) = ("salesman-1", "workman-1");
    for (semantic, users, expected) in [
        ("execute_all", &[yes, no, yes][..], &[YES, NO, YES][..]),
        ("deny_on_first_deny", &[yes, no, yes], &[YES, NO]),
        ("deny_on_first_deny", &[no, yes], &[NO]),
        ("deny_on_first_deny", &[yes, yes], &[YES, YES]),
        ("permit_on_first_permit", &[no, no, yes, no], &[NO, NO, YES]),
        ("permit_on_first_permit", &[yes, no], &[YES]),
        ("permit_on_first_permit", &[no, no], &[NO, NO]),
    ] {
        assert_eq!(ask(semantic, users).await, expected, "{semantic} {users:?}");
    }
    for options in [json!({"evaluations_semantic": "all"}), json!({"evaluations_semantic": 1}), json!("x")] {
        let body = json!({"evaluations": [view(yes)], "options": options});
        let (status, reply) = post(&sidecar, EVALUATIONS, &body).await;
        assert_eq!(status, 400, "{options}");
        assert!(reply["field"].as_str().is_some_and(|field| field.starts_with("options")), "{reply}");
    }
    let body = json!({"evaluations": [view(yes), view(no)], "options": {"evaluations_semantic": null}});
    assert_eq!(decisions(post(&sidecar, EVALUATIONS, &body).await), [YES, NO], "all of them unless it says otherwise");
    sidecar.stop().await;
}

#[tokio::test]
async fn without_a_list_it_is_one_evaluation() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for evaluations in [json!([]), json!(null)] {
        let mut body = view("salesman-1");
        body["evaluations"] = evaluations;
        assert_eq!(post(&sidecar, EVALUATIONS, &body).await, allowed());
    }
    assert_eq!(post(&sidecar, EVALUATIONS, &view("workman-1")).await, denied());
    let (status, reply) = post(&sidecar, EVALUATIONS, &json!({"evaluations": []})).await;
    assert_eq!((status, reply["field"].as_str()), (400, Some("subject")));
    for bad in [json!({}), json!("x"), json!(1)] {
        let (status, reply) = post(&sidecar, EVALUATIONS, &json!({"evaluations": bad})).await;
        assert_eq!((status, reply["field"].as_str()), (400, Some("evaluations")), "{reply}");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn a_question_that_is_none_is_denied_and_says_why() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let bad = [
        (json!({"resource": null}), "evaluations[1].resource"),
        (json!({"resource": {"type": "Tool"}}), "evaluations[1].resource.id"),
        (json!({"resource": "sales"}), "evaluations[1].resource"),
        (json!({"resource": {"type": "Tool", "id": 7}}), "evaluations[1].resource.id"),
        (
            json!({"action": {"name": "add"}, "resource": {"type": "Tool", "id": SALES.1}, "context": {"size": -1}}),
            "context.size",
        ),
        (json!(7), "must be"),
    ];
    for (item, says) in bad {
        let good = json!({"resource": {"type": "Tool", "id": SALES.1}});
        let ask = async |semantic: &str| {
            let mut body = json!({"subject": subject("salesman-1"), "action": {"name": "view"}});
            body["evaluations"] = json!([good, item, good]);
            body["options"] = json!({"evaluations_semantic": semantic});
            post(&sidecar, EVALUATIONS, &body).await
        };
        let reply = ask("execute_all").await;
        let error = reply.1["evaluations"][1]["context"]["error"].clone();
        assert_eq!(decisions(reply), [YES, NO, YES], "{item}");
        assert_eq!(error["status"], 400, "{item}");
        if says != "must be" {
            assert!(error["message"].as_str().unwrap().contains(says), "{item}: {error}");
        }
        assert_eq!(decisions(ask("deny_on_first_deny").await), [YES, NO], "{item}");
        assert_eq!(decisions(ask("permit_on_first_permit").await), [YES], "{item}");
    }
    // A default that is malformed is no question's own.
    let body = json!({"subject": "ann", "evaluations": [view("salesman-1")]});
    assert_eq!(post(&sidecar, EVALUATIONS, &body).await.0, 400);
    sidecar.stop().await;
}

#[tokio::test]
async fn there_are_no_more_than_the_limit() {
    let sidecar =
        TestSidecar::new().with_demo().configured(|config| config.limits.batch_requests_max = 2).start().await;
    let body = |count: usize| json!({"evaluations": vec![view("salesman-1"); count]});
    assert_eq!(ask(&sidecar, &body(2)).await, [YES, YES]);
    let (status, reply) = post(&sidecar, EVALUATIONS, &body(3)).await;
    assert_eq!((status, reply["field"].as_str()), (400, Some("evaluations")), "{reply}");
    sidecar.stop().await;
}
