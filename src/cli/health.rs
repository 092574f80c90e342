//! `conclave health`: is the server on this machine ready? Made to be a container's health check.

mod tls;

use super::{PolicyArguments, output};
use crate::config::{Address, TlsFiles};
use clap::Args;
use miette::IntoDiagnostic as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

const DETAILS: &str = "\
Asks GET /readyz of the access listener and prints the answer's body. Settings are found as
`conclave serve` finds them, so that both see the same CONCLAVE_LISTEN. An address that means
every interface (0.0.0.0, [::]) is asked on the loopback. With TLS the server must show the
very certificate that stands in tls.certificate_file; one that asks clients for certificates is
shown that one too, so its authority must be among those of tls.client_ca_file.

With --live it asks GET /healthz: whether the server answers at all. Restart it when it does
not; when it is merely not ready, what it waits for is elsewhere.

Exit codes: 0 ready, 1 not ready or no answer within 3 seconds, 2 misuse.";

/// How long to wait for the whole answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Longest answer that is read, in bytes: the body of `/readyz` is a few lines.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What `conclave health` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    /// Where the server's access listener is [default: 127.0.0.1:7180]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Ask whether it lives, not whether it is ready
    #[arg(long)]
    live: bool,
    /// A TOML file with settings [no file is read by default]
    #[arg(long, value_name = "FILE", env = "CONCLAVE_CONFIG")]
    config: Option<PathBuf>,
}

/// Asks and prints the answer.
///
/// # Errors
/// A configuration that cannot be read.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let settings = PolicyArguments { config: arguments.config.clone(), policies: None, schema: None };
    let config = settings.load([("listen", &arguments.listen)])?.config;
    let (address, tls) = (config.listen, config.tls.files());
    let path = if arguments.live { "/healthz" } else { "/readyz" };
    match within(PATIENCE, &address, tls, path) {
        Ok((status, body)) => {
            output::print(&format!("{}\n", body.trim_end()))?;
            Ok(if status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            writeln!(io::stderr(), "{address} does not answer: {error}").into_diagnostic()?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Resolving a name and connecting have no time limit of their own that holds everywhere, so they
/// happen on a thread that is left behind when the time is up.
fn within(
    patience: Duration,
    address: &Address,
    tls: Option<TlsFiles>,
    path: &'static str,
) -> io::Result<(u16, String)> {
    let (sender, receiver) = mpsc::channel();
    let address = address.clone();
    std::thread::spawn(move || sender.send(ask(&address, tls.as_ref(), path)));
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("gave up after {} s", patience.as_secs()));
    receiver.recv_timeout(patience).map_err(|_| late())?
}

fn ask(address: &Address, tls: Option<&TlsFiles>, path: &str) -> io::Result<(u16, String)> {
    match address {
        Address::Tcp { host, port } => {
            let stream = TcpStream::connect(format!("{}:{port}", reachable(host)))?;
            match tls {
                Some(files) => exchange(tls::secured(files, stream)?, path),
                None => exchange(stream, path),
            }
        }
        Address::Unix(socket) => exchange(UnixStream::connect(socket)?, path),
    }
}

/// Where a listener on every interface is reached from its own machine.
fn reachable(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "[::]" => "[::1]",
        other => other,
    }
}

/// HTTP/1.0: the answer comes whole, in one piece, and ends with the connection.
fn exchange(mut stream: impl Read + Write, path: &str) -> io::Result<(u16, String)> {
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::Error::other("this is no HTTP answer"))
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut words = head.split(' ');
    let is_http = words.next()?.starts_with("HTTP/");
    let status = words.next()?.get(..3)?.parse().ok()?;
    is_http.then(|| (status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_and_a_body() {
        assert_eq!(parse("HTTP/1.0 200 OK\r\na: b\r\n\r\n{}"), Some((200, "{}".to_owned())));
        assert_eq!(parse("HTTP/1.1 503 Service Unavailable\r\n\r\n"), Some((503, String::new())));
        for bad in ["", "HTTP/1.0 200 OK\r\n", "SSH-2.0-x 200\r\n\r\n", "HTTP/1.0 abc\r\n\r\n"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_interface_is_asked_on_the_loopback() {
        assert_eq!(reachable("0.0.0.0"), "127.0.0.1");
        assert_eq!(reachable("[::]"), "[::1]");
        assert_eq!(reachable("localhost"), "localhost");
    }

    #[test]
    fn a_server_that_says_nothing_is_given_up() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = Address::Tcp { host: "0.0.0.0".to_owned(), port };
        let error = within(Duration::from_millis(50), &silent, None, "/readyz").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(listener);
        assert!(within(Duration::from_secs(9), &silent, None, "/readyz").is_err());
    }
}
