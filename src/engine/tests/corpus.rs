//! Cedar's own generated cases, where `CONCLAVE_CEDAR_CORPUS` names a folder of them.

use super::*;
use std::fs;
use std::path::Path;

#[test]
fn cedar_corpus() {
    let Ok(folder) = std::env::var("CONCLAVE_CEDAR_CORPUS") else {
        println!("skipped: CONCLAVE_CEDAR_CORPUS names no folder of Cedar's cases");
        return;
    };
    let mut count = Count::default();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        if is_json && path.with_extension("").extension().is_none_or(|extension| extension != "entities") {
            try_case(Path::new(&folder), &read_json(&path), &mut count);
        }
    }
    println!("{count:?}");
    assert!(count.cases > 0, "{folder} holds no cases");
}

#[derive(Debug, Default)]
struct Count {
    cases: usize,
    validated: usize,
    requests: usize,
    indexed: usize,
    stateless: usize,
    refused: usize,
}

fn try_case(folder: &Path, case: &Json, count: &mut Count) {
    let file = |field: &str| {
        let name = Path::new(case[field].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
        SourceFile::new(name, fs::read_to_string(folder.join(name)).unwrap())
    };
    let (schema, policies) = ([file("schema")], [file("policies")]);
    let features = BTreeSet::new();
    let loaded = Bundle::from_files(&schema, &policies, Naming::Numbered, &features);
    let plain = Bundle::unvalidated(&schema, &policies, Naming::Numbered, &features).unwrap();
    let plain = plain.with_error_rule(ErrorRule::Skip);
    let path = |field: &str| Some(folder.join(Path::new(case[field].as_str().unwrap()).file_name().unwrap()));
    let sources = Sources { policies: path("policies"), schema: path("schema"), features: features.clone() };
    let stateless = Bundle::stateless(&sources, Validation::Strict);
    // Of those that need not validate some do.
    let is_valid = stateless.is_ok() || case["shouldValidate"] == false;
    assert!(is_valid, "{} {:?}", policies[0].name, stateless.err());
    let stateless = stateless.ok().map(|bundle| bundle.with_error_rule(ErrorRule::Skip));
    let indexed = loaded.ok().map(|bundle| bundle.with_error_rule(ErrorRule::Skip));
    count.cases += 1;
    count.validated += usize::from(indexed.is_some());
    let json = file("entities");
    let entities = Entities::from_json_str(&json.text, plain.schema()).unwrap();
    let all = AllEntities(entities.clone());
    for wanted in case["requests"].as_array().unwrap() {
        count.requests += 1;
        let request = corpus_request(wanted);
        let place = format!("{} {}", policies[0].name, wanted["description"]);
        let (ours, cedar) = answers(&plain, &request, &entities);
        assert_eq!(ours, cedar, "{place}, not indexed");
        compare(&ours, wanted, &place);
        if let Some(stateless) = &stateless {
            assert_eq!(stateless.decide(&request, &all), Ok(cedar.clone()), "{place}, stateless");
            count.stateless += 1;
        }
        let Some(indexed) = &indexed else { continue };
        match try_indexed(indexed, &request, &entities) {
            Some(ours) => {
                assert_eq!(ours, cedar, "{place}, indexed");
                assert_eq!(reach::decided_over_the_slice(indexed, &request, &entities), cedar, "{place}, sliced");
                count.indexed += 1;
            }
            None => count.refused += 1,
        }
    }
}

/// `None` if the schema has no place for the request.
fn try_indexed(bundle: &Bundle, request: &DecisionRequest, entities: &Entities) -> Option<Outcome> {
    let types = (&request.principal.type_name, &request.resource.type_name);
    let environment = bundle.environment(types.0, &request.action.borrow(), types.1).ok()?;
    let context = bundle.context(environment, &request.context).ok()?;
    Some(evaluated(bundle, environment, request, &context, entities))
}

fn compare(ours: &Outcome, wanted: &Json, place: &str) {
    assert_eq!(ours.decision.name().to_lowercase(), wanted["decision"].as_str().unwrap(), "{place}");
    let names = |field: &str| {
        let mut names: Vec<_> =
            wanted[field].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(ours.reasons, names("reason"), "{place}");
    let mut failed: Vec<_> = ours.errors.iter().map(|error| error.split('`').nth(1).unwrap().to_owned()).collect();
    failed.sort();
    assert_eq!(failed, names("errors"), "{place}");
}

fn corpus_request(wanted: &Json) -> DecisionRequest {
    let uid =
        |field: &str| EntityUid::new(wanted[field]["type"].as_str().unwrap(), wanted[field]["id"].as_str().unwrap());
    DecisionRequest {
        principal: uid("principal"),
        action: uid("action"),
        resource: uid("resource"),
        context: serde_json::from_value(wanted["context"].clone()).unwrap(),
        lent: Lent::nothing(),
    }
}

fn read_json(path: &Path) -> Json {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
