//! Users of this machine over Unix sockets, as the system names them.

use super::{exchange, question, request};
use conclave::admin::{SystemClock, SystemRandom};
use conclave::config::{Address, Config, Uid};
use conclave::http::{Handed, Listeners};
use conclave::lifecycle::Application;
use serde_json::Value;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

/// A server on two sockets.
struct Served {
    folder: TempDir,
    stop: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
    token: String,
}

impl Served {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| Address::Unix(folder.path().join(name));
        let mut config = Config {
            database: folder.path().join("c.db").display().to_string(),
            listen: at("access.sock"),
            admin_listen: at("admin.sock"),
            demo: true,
            ..Config::default()
        };
        change(&mut config);
        let application = Application::build(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap();
        let listeners = Listeners::open(Handed::default(), &config).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(application.run(listeners, async move { drop(stopped.await) }));
        let token = std::fs::read_to_string(config.token_file()).unwrap().trim().to_owned();
        Self { folder, stop, done, token }
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.sock"))
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.socket(name)).unwrap().permissions().mode() & 0o777
    }

    async fn call(&self, socket: &str, line: &str, token: Option<&str>, body: &Value) -> u16 {
        let stream = UnixStream::connect(self.socket(socket)).await.unwrap();
        let bearer = token.map(|token| format!("Bearer {token}"));
        exchange(stream, &request(line, bearer.as_deref(), body)).await.unwrap().0
    }

    async fn users(&self, token: Option<&str>) -> u16 {
        self.call("admin", "GET /admin/v1/users", token, &Value::Null).await
    }

    async fn ask(&self) -> u16 {
        self.call("access", "POST /v1/is_authorized", None, &question("director")).await
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.done.await.unwrap();
    }
}

/// Who runs these tests.
fn own() -> u32 {
    std::fs::metadata(TempDir::new().unwrap().path()).unwrap().uid()
}

#[tokio::test]
async fn the_servers_own_user_needs_no_token_on_the_admin_socket() {
    let served = Served::start(|_| {}).await;
    assert_eq!((served.users(None).await, served.users(Some("wrong")).await), (200, 200));
    assert_eq!((served.mode("admin"), served.mode("access")), (0o600, 0o660));
    assert_eq!(served.ask().await, 200);
    served.stop().await;
}

#[tokio::test]
async fn with_a_list_whoever_is_not_on_it_needs_a_token_even_the_servers_own_user() {
    let served = Served::start(|config| config.admin_uids = vec![Uid(own() + 1)]).await;
    assert_eq!((served.users(None).await, served.users(Some("wrong")).await), (401, 401));
    assert_eq!(served.users(Some(&served.token)).await, 200);
    assert_eq!(served.mode("admin"), 0o666, "who is on the list must be able to connect");
    served.stop().await;

    let served = Served::start(|config| config.admin_uids = vec![Uid(own() + 1), Uid(own())]).await;
    assert_eq!(served.users(None).await, 200);
    served.stop().await;
}

#[tokio::test]
async fn the_access_socket_answers_those_on_its_list() {
    let served = Served::start(|config| config.access_uids = vec![Uid(own())]).await;
    assert_eq!((served.ask().await, served.ask().await), (200, 200));
    served.stop().await;

    let served = Served::start(|config| config.access_uids = vec![Uid(own() + 1)]).await;
    assert_eq!((served.ask().await, served.ask().await), (403, 403));
    assert_eq!(served.call("access", "GET /readyz", None, &Value::Null).await, 200);
    served.stop().await;
}
