//! The way to a collector: plain HTTP, a connection for each batch.

use crate::config::limits::TRACE_ANSWER_BYTES_MAX;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use std::io;
use std::pin::Pin;
use tokio::net::TcpStream;

/// The port of a web address that names none.
const HTTP_PORT: u16 = 80;

/// Sends batches. How long one may take is for the caller to say.
#[derive(Debug)]
pub(super) struct Collector;

/// What the trait makes of an async function.
type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Collector {
    fn send_bytes<'own: 'sent, 'sent>(&'own self, request: Request<Bytes>) -> Sending<'sent>
    where
        Self: 'sent,
    {
        Box::pin(send(request))
    }
}

async fn send(mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let authority = request.uri().authority().ok_or_else(|| io::Error::other("no host"))?;
    let host = HeaderValue::from_str(authority.as_str())?;
    let stream = TcpStream::connect((bare(authority.host()), authority.port_u16().unwrap_or(HTTP_PORT))).await?;
    request.headers_mut().insert(HOST, host);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse::<Uri>()?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with `sender`; how, is told by the request that was under way.
    tokio::spawn(async move { drop(connection.await) });
    let (parts, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
    let body = Limited::new(body, TRACE_ANSWER_BYTES_MAX).collect().await?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

/// A host without the brackets that an address of IPv6 has in the web's addresses.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}
