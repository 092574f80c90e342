//! `conclave token`: makes a token, and the line by which a server knows it.

use super::output::Output;
use crate::admin::SystemRandom;
use crate::admin::ambient::new_secret;
use crate::http::auth::{Scope, is_name, line};
use clap::Args;
use clap::builder::PossibleValuesParser;
use miette::{IntoDiagnostic as _, miette};
use std::io::{self, Write};
use std::process::ExitCode;

const DETAILS: &str = "\
Prints two lines: the token, which is kept nowhere and not shown again, and below it the line
for the table [tokens] of the file that `conclave serve --tokens-file` reads. A server that
runs takes the line over within a second, and a token whose line is deleted is refused from
then on.

Examples:
  conclave token backup --scope read
  conclave token host --scope read --scope write
  conclave token app --scope decide        for the access listener, where access_tokens is set";

/// What `conclave token` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    /// What to call the token: letters, digits, `-` and `_`
    name: String,
    /// What it is good for; may be given several times
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scopes())]
    scopes: Vec<String>,
}

fn scopes() -> PossibleValuesParser {
    PossibleValuesParser::new(Scope::ALL.map(Scope::name))
}

/// Makes a token and prints it.
///
/// # Errors
/// A name that is none; no randomness.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    if !is_name(&arguments.name) {
        return Err(miette!("`{}` is no name: use letters, digits, `-` and `_`", arguments.name));
    }
    let token = new_secret(&SystemRandom).into_diagnostic()?;
    print(arguments, &token, &mut Output::whole()).into_diagnostic()?;
    Ok(ExitCode::SUCCESS)
}

fn print(arguments: &Arguments, token: &str, out: &mut impl Write) -> io::Result<()> {
    let mut scopes: Vec<_> = arguments.scopes.iter().filter_map(|name| Scope::named(name)).collect();
    scopes.dedup();
    writeln!(out, "{token}\n{}", line(&arguments.name, &scopes, token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::auth::Tokens;

    #[test]
    fn the_line_is_one_that_a_server_reads() {
        let arguments = Arguments { name: "backup".to_owned(), scopes: vec!["read".to_owned(), "metrics".to_owned()] };
        let mut out = Vec::new();
        print(&arguments, "a token", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (token, line) = text.split_once('\n').unwrap();
        let tokens = Tokens::parse(&format!("[tokens]\n{line}")).unwrap();
        let found = tokens.find(token.as_bytes()).unwrap();
        assert!(found.scopes.has(Scope::Read) && found.scopes.has(Scope::Metrics) && !found.scopes.has(Scope::Write));
    }
}
