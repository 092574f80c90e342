//! OPA's own engine, written in Go, as a shared library: `opa PORT POLICY FACTS LIBRARY`. Not OPA's server.

use axum::{Json, Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use libloading::{Library, Symbol};
use peers::{Answer, Failure, Question, answer, arguments, serve};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::ffi::{CStr, CString, c_char, c_int};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type New = unsafe extern "C" fn() -> u64;
type Add = unsafe extern "C" fn(u64, *const c_char, *const c_char) -> *mut c_char;
type Evaluate = unsafe extern "C" fn(u64, *const c_char, *const c_char, c_int, c_int) -> *mut c_char;
type Free = unsafe extern "C" fn(*mut c_char);

struct Engine {
    handle: u64,
    evaluate: Evaluate,
    free: Free,
    rule: CString,
}

#[derive(Deserialize)]
struct Results {
    result: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    expressions: Vec<Expression>,
}

#[derive(Deserialize)]
struct Expression {
    value: bool,
}

impl Engine {
    fn load(library: &str, policy: &str, facts: &str) -> Result<Self, Failure> {
        // SAFETY: the functions have these types in the library's header, and it is never unloaded.
        unsafe {
            let library = Box::leak(Box::new(Library::new(library)?));
            let new: Symbol<New> = library.get(b"OpaNew")?;
            let add_policy: Symbol<Add> = library.get(b"OpaAddPolicy")?;
            let add_data: Symbol<Add> = library.get(b"OpaAddData")?;
            let engine = Self {
                handle: new(),
                evaluate: *library.get(b"OpaEvalDocument")?,
                free: *library.get(b"OpaFreeString")?,
                rule: CString::new("space.allow")?,
            };
            for (add, name, file) in [(&add_policy, c"group.rego", policy), (&add_data, c"", facts)] {
                let text = CString::new(std::fs::read(file)?)?;
                (engine.free)(add(engine.handle, name.as_ptr(), text.as_ptr()));
            }
            Ok(engine)
        }
    }

    fn run(&self, body: &[u8]) -> Result<bool, Failure> {
        let question: Question<&RawValue> = serde_json::from_slice(body)?;
        let input = CString::new(question.input.get())?;
        // SAFETY: both texts end in NUL and outlive the call; the answer is copied before it is freed.
        let text = unsafe {
            let said = (self.evaluate)(self.handle, self.rule.as_ptr(), input.as_ptr(), 0, 0);
            let text = CStr::from_ptr(said).to_bytes().to_vec();
            (self.free)(said);
            text
        };
        let results: Results = serde_json::from_slice(&text)?;
        let value = results.result.first().and_then(|row| row.expressions.first()).map(|expression| expression.value);
        value.ok_or_else(|| String::from_utf8_lossy(&text).into())
    }
}

async fn decide(State(engine): State<Arc<Engine>>, body: Bytes) -> Result<Json<Answer>, StatusCode> {
    Ok(answer(engine.run(&body).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let [port, policy, facts, library] = arguments()?;
    let engine = Engine::load(&library, &policy, &facts)?;
    serve(&port, Router::new().route("/", post(decide)).with_state(Arc::new(engine))).await
}
