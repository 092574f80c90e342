//! `conclave bench`: how long decisions take, at rates that do not wait for them.

use super::{PolicyArguments, StoreArguments, export, output};
use crate::bench::ask::{Ask, Http, InProcess, Server};
use crate::bench::prepare::{Plan, prepare};
use crate::bench::question::{self, Question};
use crate::bench::report::{Report, Workload};
use crate::bench::{Sweep, plot, sweep, warm};
use crate::check::Check;
use crate::config::Config;
use crate::engine::Bundle;
use crate::store::{Access, Store};
use crate::tls::Trust;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const DETAILS: &str = "\
Examples:
  conclave bench --server http://127.0.0.1:7180 --database conclave.db
      Asks a running server about what its database holds, 1,000 times a second for 10 seconds.
  conclave bench --in-process --database conclave.db --rates 1000,10000,100000 --plot latency.svg
      Finds out how latency grows with the rate, without HTTP, and draws it.
  conclave bench --database conclave.db --write-requests questions.ndjson
  conclave bench --server unix:/run/conclave.sock --requests questions.ndjson --verify --json
      Makes the questions on one machine and asks them from another.
  conclave bench --server https://localhost:7180 --tls-ca ca.pem \\
      --tls-certificate c.pem --tls-key c.key
      Asks a server that listens with TLS, and shows it a certificate. Handshakes are not measured.
      Where the server asks for a token, --token-file FILE has it.

The questions: 55 % view an item, 20 % edit one, 15 % add to a folder, 10 % delete; 60 % of each are
allowed. Who asks and what about follows Zipf's law. They are found in the database, which is only
read, and its own answers are what --verify compares with (nothing may write to it meanwhile). The
same --seed on the same database makes the same questions. They are asked in turn, over and over.

The rates: requests are due at a fixed rate, whatever the server does, and latency counts from when
a request was due, so a server that falls behind cannot hide it. Every answer that is no decision is
counted. Where this program is the limit and not the server, it says so.

--json prints one object: target, workload, connections, threads, and for each rate (rates[]):
wanted_per_second, achieved_per_second, seconds, requests, answered, unanswered, errors (by
kind), wrong, allowed_share, cached_share (0 to 1; in process only), latency_us, service_us
(from sending on), client_lateness_us (p50, p90, p99, p99.9, p99.99, max, mean in
microseconds), client_cpus, limit.

Exit codes: 0 every request was answered and none wrongly, 1 some were not, 2 misuse or failure.";

/// How long each rate is driven at most, in seconds: an hour.
const SECONDS_MAX: f64 = 3_600.0;

/// The highest rate, in requests per second.
const RATE_MAX: f64 = 10_000_000.0;

/// Most questions that are prepared: they are all held in memory.
const QUESTIONS_MAX: u64 = 10_000_000;

/// What `conclave bench` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[arg(long, value_name = "URL", help = "Ask this server: http://HOST:PORT, https://HOST:PORT or unix:PATH")]
    server: Option<Server>,
    /// Who vouches for a server that is asked by https: a file of certificates in PEM
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "in_process")]
    tls_ca: Option<PathBuf>,
    /// What to show a server that asks for a certificate: a file with it, in PEM
    #[arg(long, value_name = "FILE", requires_all = ["tls_ca", "tls_key"])]
    tls_certificate: Option<PathBuf>,
    /// Its private key: a file, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// A file with the token to show to a server that asks for one
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "in_process")]
    token_file: Option<PathBuf>,
    /// Ask the decision pipeline in this process, without HTTP
    #[arg(long, conflicts_with = "server")]
    in_process: bool,
    /// Ask the questions in this file
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,
    /// Write the questions with their answers to this file, one a line; without a target that is all
    #[arg(long, value_name = "FILE")]
    write_requests: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    /// How many questions to prepare
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=QUESTIONS_MAX))]
    questions: u64,
    /// Which questions: the same seed makes the same ones
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// How uneven the popularity of users and items is: 0 all alike, 1 Zipf's law
    #[arg(long, value_name = "EXPONENT", default_value_t = 1.0, value_parser = |text: &str| number(text, 0.0, 10.0))]
    zipf: f64,
    /// Requests per second; several, one after the other, separated by commas
    #[arg(long, visible_alias = "rates", value_name = "RATE", value_delimiter = ',', default_value = "1000", value_parser = |text: &str| number(text, 0.001, RATE_MAX))]
    rate: Vec<f64>,
    /// How long each rate is driven
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = |text: &str| number(text, 0.001, SECONDS_MAX))]
    seconds: f64,
    /// How many requests may be under way at a time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Threads to send with [default: half of the processors; in process all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Compare each decision with what it should be [default: in process true, else false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    verify: Option<bool>,
    /// Do not ask every question once beforehand; in process, forget all that is in memory
    #[arg(long)]
    cold: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Draw latency against rate into this file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("must be from {least} to {most}")) }
}

/// Prepares, drives and prints.
///
/// # Errors
/// A database without enough to ask about, a server that cannot be reached, files that cannot be
/// read or written.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    if arguments.server.is_none() && !arguments.in_process && arguments.write_requests.is_none() {
        let help = "give --server http://127.0.0.1:7180, --in-process or --write-requests FILE";
        return Err(miette!(help = help, "there is nobody to ask"));
    }
    let config = arguments.policies.load([("database", &arguments.store.database)])?.config;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(arguments.threads()).enable_all().build().into_diagnostic()?;
    let Some(report) = runtime.block_on(bench(arguments, &config))? else { return Ok(ExitCode::SUCCESS) };
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string(&report).into_diagnostic()?)
    } else {
        report.table()
    };
    output::print(&text)?;
    if let Some(file) = &arguments.plot {
        let picture = plot::svg(&report).into_diagnostic()?;
        std::fs::write(file, picture)
            .into_diagnostic()
            .wrap_err_with(|| format!("cannot write `{}`", file.display()))?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Arguments {
    fn threads(&self) -> usize {
        let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // A server on the same machine needs the other half.
        self.threads.map_or_else(|| if self.in_process { all } else { all.div_ceil(2) }, usize::from)
    }

    /// Whom to trust, where the server is asked over TLS.
    fn trust(&self, server: &Server) -> miette::Result<Option<Trust>> {
        let trust = match (server.is_tls(), &self.tls_ca) {
            (false, None) => return Ok(None),
            (false, Some(_)) => return Err(miette!("--tls-ca is for a server that is asked by https")),
            (true, None) => return Err(miette!("{server} needs --tls-ca: who vouches for it?")),
            (true, Some(file)) => Trust::new(file)?,
        };
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some(trust.showing(certificate, key)?)),
            _ => Ok(Some(trust)),
        }
    }

    /// What to show to a server that asks for a token.
    fn token(&self) -> miette::Result<Option<String>> {
        let Some(file) = &self.token_file else { return Ok(None) };
        let text = std::fs::read_to_string(file).into_diagnostic();
        Ok(Some(text.wrap_err_with(|| format!("cannot read `{}`", file.display()))?.trim().to_owned()))
    }

    async fn connect(&self, server: &Server) -> miette::Result<Vec<Http>> {
        let (trust, token) = (self.trust(server)?, self.token()?);
        let mut clients = vec![];
        for _ in 0..self.connections {
            let mut client = Http::new(server.clone(), trust.clone());
            if let Some(token) = &token {
                client = client.with_token(token).map_err(|_| miette!("--token-file holds no token"))?;
            }
            client.connect().await.into_diagnostic().wrap_err_with(|| format!("{server} cannot be reached"))?;
            clients.push(client);
        }
        Ok(clients)
    }

    fn verify(&self) -> bool {
        self.verify.unwrap_or(self.in_process)
    }

    fn plan(&self) -> Plan {
        let questions = usize::try_from(self.questions).unwrap_or(usize::MAX);
        Plan { seed: self.seed, zipf: self.zipf, questions }
    }
}

/// `None` if all that was wanted is a file of questions.
async fn bench(arguments: &Arguments, config: &Config) -> miette::Result<Option<Report>> {
    // A server that is not there should not be found out about after minutes.
    let clients = match &arguments.server {
        Some(server) => arguments.connect(server).await?,
        None => Vec::new(),
    };
    let engine = if arguments.in_process || arguments.requests.is_none() { Some(open(config).await?) } else { None };
    let questions: Arc<[Question]> = match (&arguments.requests, &engine) {
        (None, Some((store, check))) => find(store, check, arguments.plan()).await?.into(),
        (file, _) => read(file.as_deref().unwrap_or(Path::new("")))?.into(),
    };
    if let Some(file) = &arguments.write_requests {
        write(file, &questions)?;
    }
    if arguments.verify() && !questions.iter().any(|question| question.expected.is_some()) {
        return Err(miette!("--verify has nothing to compare with: the questions say no decisions"));
    }
    let report = match engine {
        Some((_, check)) if arguments.in_process => {
            let askers = vec![InProcess(Arc::clone(&check)); usize::from(arguments.connections)];
            if arguments.cold {
                check.forget_decisions().await;
                check.forget_entities();
            }
            Some(drive(arguments, "in process".to_owned(), questions, askers).await?)
        }
        _ => match &arguments.server {
            Some(server) => Some(drive(arguments, server.to_string(), questions, clients).await?),
            None => None,
        },
    };
    Ok(report)
}

async fn drive<A: Ask + 'static>(
    arguments: &Arguments,
    target: String,
    questions: Arc<[Question]>,
    mut askers: Vec<A>,
) -> miette::Result<Report> {
    let bar = spinner();
    if !arguments.cold {
        bar.set_message("asking every question once");
        let (faults, back) = warm(&questions, askers).await;
        askers = back;
        if let Some((fault, _)) = faults.iter().find(|(_, count)| **count == questions.len()) {
            return Err(miette!(
                "{target} answered none of {} questions with a decision: {}",
                questions.len(),
                fault.0
            ));
        }
    }
    let plan = Sweep {
        rates: arguments.rate.clone(),
        duration: Duration::from_secs_f64(arguments.seconds),
        verify: arguments.verify(),
        in_process: arguments.in_process,
        threads: arguments.threads(),
    };
    let rates = sweep(&plan, &questions, askers, |rate| bar.set_message(format!("{rate} requests a second"))).await;
    bar.finish_and_clear();
    let chosen = arguments.requests.is_none().then_some((arguments.seed, arguments.zipf));
    let workload = Workload::of(&questions, chosen);
    Ok(Report { target, workload, connections: arguments.connections.into(), threads: plan.threads, rates })
}

async fn open(config: &Config) -> miette::Result<(Store, Arc<Check>)> {
    let bundle = Arc::new(Bundle::load(&config.sources())?);
    let store = Store::open(&config.database_url(), Access::ReadOnly).await.into_diagnostic()?;
    let check = Check::new(store.clone(), bundle, &config.limits).await.into_diagnostic()?;
    Ok((store, Arc::new(check)))
}

async fn find(store: &Store, check: &Check, plan: Plan) -> miette::Result<Vec<Question>> {
    let bar = ProgressBar::new(plan.questions as u64).with_style(export::style("questions"));
    let found = prepare(store, check, plan, || bar.inc(1)).await;
    bar.finish_and_clear();
    found.into_diagnostic().wrap_err("no questions can be made of this database")
}

fn read(file: &Path) -> miette::Result<Vec<Question>> {
    let said = || format!("cannot read questions from `{}`", file.display());
    let open = File::open(file).into_diagnostic().wrap_err_with(said)?;
    question::read(BufReader::new(open)).into_diagnostic().wrap_err_with(said)
}

fn write(file: &Path, questions: &[Question]) -> miette::Result<()> {
    let said = || format!("cannot write questions to `{}`", file.display());
    let open = File::create(file).into_diagnostic().wrap_err_with(said)?;
    question::write(questions, BufWriter::new(open)).into_diagnostic().wrap_err_with(said)
}

/// On standard error, which draws nothing where that is no terminal.
fn spinner() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {msg} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn line(words: &[&str]) -> Result<Arguments, clap::Error> {
        Line::try_parse_from([&["bench"], words].concat()).map(|line| line.arguments)
    }

    #[test]
    fn rates_are_one_or_several() {
        assert_eq!(line(&["--in-process", "--rate", "20000"]).unwrap().rate, [20_000.0]);
        assert_eq!(line(&["--in-process", "--rates", "1000,2000,0.5"]).unwrap().rate, [1_000.0, 2_000.0, 0.5]);
        for bad in [
            &["--rate", "0"][..],
            &["--rate", "NaN"],
            &["--rate", "inf"],
            &["--rates", "1,,2"],
            &["--zipf", "-1"],
            &["--connections", "0"],
            &["--questions", "0"],
            &["--seconds", "-3"],
            &["--server", "ftp://x:1"],
            &["--in-process", "--server", "unix:x"],
            &["--in-process", "--tls-ca", "ca.pem"],
            &["--server", "https://localhost:1", "--tls-ca", "ca.pem", "--tls-key", "k.pem"],
            &["--server", "https://localhost:1", "--tls-certificate", "c.pem", "--tls-key", "k.pem"],
        ] {
            assert_eq!(line(bad).unwrap_err().exit_code(), 2, "{bad:?}");
        }
    }

    #[test]
    fn decisions_are_compared_in_process_unless_said_otherwise() {
        assert!(line(&["--in-process"]).unwrap().verify());
        assert!(!line(&["--in-process", "--verify=false"]).unwrap().verify());
        assert!(!line(&["--server", "unix:x"]).unwrap().verify());
        assert!(line(&["--server", "unix:x", "--verify"]).unwrap().verify());
    }

    #[test]
    fn nobody_to_ask_is_said_with_what_to_do() {
        let error = run(&line(&[]).unwrap()).unwrap_err();
        assert!(error.help().unwrap().to_string().contains("--in-process"));
    }

    #[test]
    fn tls_needs_somebody_who_vouches() {
        let error = run(&line(&["--server", "https://localhost:1"]).unwrap()).unwrap_err();
        assert!(error.to_string().contains("--tls-ca"), "{error}");
        let error =
            run(&line(&["--server", "https://localhost:1", "--tls-ca", "/nowhere/ca.pem"]).unwrap()).unwrap_err();
        assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
        assert!(run(&line(&["--server", "http://localhost:1", "--tls-ca", "ca.pem"]).unwrap()).is_err());
    }

    #[test]
    fn a_server_that_is_not_there_is_named_at_once() {
        let error = run(&line(&["--server", "unix:/nowhere/c.sock"]).unwrap()).unwrap_err();
        assert!(error.to_string().contains("unix:/nowhere/c.sock cannot be reached"), "{error}");
    }

    #[test]
    fn a_missing_database_and_a_missing_file_are_named() {
        let error = run(&line(&["--in-process", "--database", "/nowhere/c.db"]).unwrap()).unwrap_err();
        assert!(error.to_string().contains("/nowhere/c.db"), "{error}");
        let arguments = line(&["--write-requests", "/dev/null", "--requests", "/nowhere/q"]).unwrap();
        assert!(run(&arguments).unwrap_err().to_string().contains("/nowhere/q"));
    }
}
