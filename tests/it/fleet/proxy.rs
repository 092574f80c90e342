//! A network between a sidecar and the server of its database, which can stall: nothing gets through, and no
//! connection ends.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Proxy {
    url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    /// Where it leads to: a socket.
    far: Mutex<String>,
    /// Whether what goes to the server is held up.
    there: watch::Sender<bool>,
    /// Whether what comes from it is.
    back: watch::Sender<bool>,
    /// Counts up with each time that all connections ended.
    cut: watch::Sender<u32>,
}

impl Proxy {
    /// In front of the server of this database, which listens on a socket: `postgres://USER@localhost/NAME?host=FOLDER`.
    pub async fn start(database: &str) -> Self {
        let (before, far) = (database.split_once("?host=").unwrap().0, Mutex::new(socket(database)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("{}?sslmode=disable", before.replace("localhost", &address.to_string()));
        let (there, back, cut) = (watch::Sender::new(false), watch::Sender::new(false), watch::Sender::new(0));
        let state = Arc::new(State { far, there, back, cut });
        let of_all = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass(near, Arc::clone(&of_all)));
            }
        });
        Self { url, state, task }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Holds everything up, or lets it go on.
    pub fn stall(&self, stalled: bool) {
        self.state.there.send_replace(stalled);
        self.state.back.send_replace(stalled);
    }

    /// Holds up what the server answers: it does what it is asked to, and nobody hears of it.
    pub fn stall_answers(&self, stalled: bool) {
        self.state.back.send_replace(stalled);
    }

    /// Ends every connection there is, and has those to come lead to the server of this database.
    pub fn lead_to(&self, database: &str) {
        *self.state.far.lock().unwrap() = socket(database);
        self.cut();
    }

    /// Ends every connection there is.
    pub fn cut(&self) {
        self.state.cut.send_modify(|count| *count += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn socket(database: &str) -> String {
    let (_, folder) = database.split_once("?host=").expect("a server on a socket");
    format!("{folder}/.s.PGSQL.5432")
}

async fn pass(near: TcpStream, state: Arc<State>) {
    let mut cut = state.cut.subscribe();
    cut.mark_unchanged();
    let _ = state.there.subscribe().wait_for(|stalled| !stalled).await;
    let socket = state.far.lock().unwrap().clone();
    let Ok(far) = UnixStream::connect(&socket).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = copy(near_in, far_out, state.there.subscribe()) => {}
        () = copy(far_in, near_out, state.back.subscribe()) => {}
        _ = cut.changed() => {}
    }
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
