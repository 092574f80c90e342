//! One connection to a server: kept open, one request at a time, opened again when it breaks.

use super::{Ask, Fault, Reply};
use crate::bench::question::Question;
use crate::config::Address;
use crate::domain::Decision;
use crate::tls::Trust;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, InvalidHeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use smol_str::{SmolStr, format_smolstr};
use std::io;
use std::str::FromStr;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

const PATH: &str = "/v1/is_authorized";

/// Where a server listens: `http://HOST:PORT`, `https://HOST:PORT` or `unix:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    address: Address,
    is_tls: bool,
}

/// A text that names no server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` names no server: write `http://127.0.0.1:7180`, `https://localhost:7180` or `unix:PATH`")]
pub struct ServerError(String);

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let wrong = || ServerError(text.to_owned());
        let secure = text.strip_prefix("https://");
        let address = match secure.or_else(|| text.strip_prefix("http://")) {
            Some(authority) => authority.strip_suffix('/').unwrap_or(authority),
            None if text.contains("://") => return Err(wrong()),
            None => text,
        };
        let address = Address::try_from(address.to_owned()).map_err(|_| wrong())?;
        let is_tls = secure.is_some();
        if is_tls && matches!(address, Address::Unix(_)) {
            return Err(wrong());
        }
        Ok(Self { address, is_tls })
    }
}

impl Server {
    /// Whether it is to be asked over TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.address {
            Address::Tcp { .. } if self.is_tls => write!(f, "https://{}", self.address),
            Address::Tcp { .. } => write!(f, "http://{}", self.address),
            Address::Unix(_) => self.address.fmt(f),
        }
    }
}

/// A client of a server.
#[derive(Debug)]
pub struct Http {
    server: Server,
    /// Where the server is asked over TLS.
    trust: Option<Trust>,
    host: String,
    authorization: Option<HeaderValue>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Answer {
    decision: Decision,
}

impl Http {
    /// A client that is not connected yet; over TLS where it is told whom to trust.
    #[must_use]
    pub fn new(server: Server, trust: Option<Trust>) -> Self {
        let host = match &server.address {
            Address::Tcp { .. } => server.address.to_string(),
            Address::Unix(_) => "localhost".to_owned(),
        };
        Self { server, trust, host, authorization: None, sender: None }
    }

    /// The same with a token, for a server that asks for one.
    ///
    /// # Errors
    /// If it holds what no header may.
    pub fn with_token(self, token: &str) -> Result<Self, InvalidHeaderValue> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))?;
        authorization.set_sensitive(true);
        Ok(Self { authorization: Some(authorization), ..self })
    }

    /// Connects, unless there is a connection.
    ///
    /// # Errors
    /// What the system says of it.
    pub async fn connect(&mut self) -> io::Result<()> {
        if self.sender.as_ref().is_none_or(SendRequest::is_closed) {
            self.sender = Some(match &self.server.address {
                Address::Tcp { host, port } => {
                    // A name or an address; the brackets of IPv6 are part of the latter.
                    let stream = TcpStream::connect(format!("{host}:{port}")).await?;
                    stream.set_nodelay(true)?;
                    match &self.trust {
                        Some(trust) => open(trust.secure(host, stream).await?).await?,
                        None => open(stream).await?,
                    }
                }
                Address::Unix(path) => open(UnixStream::connect(path).await?).await?,
            });
        }
        Ok(())
    }

    async fn send(&mut self, question: &Question) -> Result<(StatusCode, Bytes), Fault> {
        self.connect().await.map_err(|error| broken(&error))?;
        // Put back only when the answer has come: whoever gives up waiting leaves no connection
        // behind on which a late answer would be taken for the next one.
        let Some(mut sender) = self.sender.take() else { return Err(Fault(SmolStr::new_static("not connected"))) };
        sender.ready().await.map_err(|error| failed(&error))?;
        let body = Full::new(Bytes::from(question.body.clone()));
        let request = Request::builder().method(Method::POST).uri(PATH);
        let mut request = request.header(HOST, &self.host).header(CONTENT_TYPE, "application/json").body(body);
        if let (Ok(request), Some(authorization)) = (&mut request, &self.authorization) {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let request = request.map_err(|error| Fault(format_smolstr!("{error}")))?;
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| failed(&error))?;
        self.sender = Some(sender);
        Ok((status, body.to_bytes()))
    }
}

impl Ask for Http {
    async fn ask(&mut self, question: &Question) -> Result<Reply, Fault> {
        match self.send(question).await? {
            (StatusCode::OK, body) => match serde_json::from_slice::<Answer>(&body) {
                Ok(Answer { decision }) => Ok(Reply { decision, cache: None }),
                Err(_) => Err(Fault(SmolStr::new_static("unreadable answer"))),
            },
            (status, _) => Err(Fault(format_smolstr!("status {}", status.as_u16()))),
        }
    }
}

async fn open<S>(stream: S) -> io::Result<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // How it ends is told by the request that was under way.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

fn broken(error: &io::Error) -> Fault {
    Fault(format_smolstr!("{}", error.kind()))
}

fn failed(error: &hyper::Error) -> Fault {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    source.map_or_else(|| Fault(format_smolstr!("{error}")), broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_read_back() {
        for (text, shown) in [
            ("http://127.0.0.1:7180", "http://127.0.0.1:7180"),
            ("http://localhost:80/", "http://localhost:80"),
            ("127.0.0.1:7180", "http://127.0.0.1:7180"),
            ("http://[::1]:1", "http://[::1]:1"),
            ("unix:/run/c.sock", "unix:/run/c.sock"),
            ("https://localhost:7180/", "https://localhost:7180"),
        ] {
            assert_eq!(text.parse::<Server>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "http://",
            "https://unix:/a",
            "https://localhost",
            "http://localhost",
            "http://a:1/path",
            "unix:",
            "tcp://a:1",
        ] {
            assert!(text.parse::<Server>().is_err(), "{text}");
        }
    }
}
