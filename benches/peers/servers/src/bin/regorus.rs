//! regorus: `regorus PORT POLICY FACTS`. The policy is compiled once, and run by the Rego VM, one to a thread.

use axum::{Json, Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use peers::{Answer, Failure, answer, arguments, serve};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::{program::Program, vm::RegoVM};
use regorus::{Engine, Value};
use std::{cell::RefCell, sync::Arc};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULE: &str = "data.space.allow";

#[derive(Clone)]
struct Policy {
    program: Arc<Program>,
    facts: Value,
}

thread_local! {
    static MACHINE: RefCell<Option<RegoVM>> = const { RefCell::new(None) };
}

async fn decide(State(policy): State<Policy>, body: Bytes) -> Result<Json<Answer>, StatusCode> {
    let allowed = run(&policy, &body).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(answer(allowed))
}

fn run(policy: &Policy, body: &[u8]) -> Result<bool, Failure> {
    let question = Value::from_json_str(std::str::from_utf8(body)?)?;
    MACHINE.with_borrow_mut(|machine| {
        let machine = match machine {
            Some(machine) => machine,
            None => {
                let mut new = RegoVM::new();
                new.load_program(Arc::clone(&policy.program));
                new.set_data(policy.facts.clone())?;
                machine.insert(new)
            }
        };
        machine.set_input(question["input"].clone());
        Ok(machine.execute()? == Value::from(true))
    })
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let [port, policy, facts] = arguments()?;
    let mut engine = Engine::new();
    engine.add_policy_from_file(policy)?;
    engine.add_data(Value::from_json_str(&std::fs::read_to_string(facts)?)?)?;
    let compiled = engine.compile_with_entrypoint(&RULE.into())?;
    let program = Compiler::compile_from_policy(&compiled, &[RULE])?;
    let policy = Policy { program, facts: engine.get_data() };
    serve(&port, Router::new().route("/", post(decide)).with_state(policy)).await
}
