//! A network between a sidecar and the server of its database, which can stall: nothing gets through, and no
//! connection ends.

use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Proxy {
    url: String,
    stalled: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// In front of the server of this database, which listens on a socket: `postgres://USER@localhost/NAME?host=FOLDER`.
    pub async fn start(database: &str) -> Self {
        let (before, folder) = database.split_once("?host=").expect("a server on a socket");
        let socket = format!("{folder}/.s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("{}?sslmode=disable", before.replace("localhost", &address.to_string()));
        let stalled = Arc::new(watch::Sender::new(false));
        let of_all = Arc::clone(&stalled);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass(near, socket.clone(), Arc::clone(&of_all)));
            }
        });
        Self { url, stalled, task }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(near: TcpStream, socket: String, stalled: Arc<watch::Sender<bool>>) {
    let _ = stalled.subscribe().wait_for(|stalled| !stalled).await;
    let Ok(far) = UnixStream::connect(&socket).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let there = tokio::spawn(copy(near_in, far_out, stalled.subscribe()));
    copy(far_in, near_out, stalled.subscribe()).await;
    there.abort();
}

async fn copy(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    mut stalled: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let _ = stalled.wait_for(|stalled| !stalled).await;
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
