//! Against a real mail server on the loopback where there is one (Debian's `python3-aiosmtpd`), else
//! these tests say that they are skipped.

use super::*;
use crate::admin::ambient::RandomError;
use crate::domain::{EntityUid, Invitation, Letter, MailState, Page, Revision};
use crate::mail::testing::{NOON_MS, TOKEN, composer, group, invitation, user};
use crate::mail::{Invited, Smtp};
use crate::store::Access;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

/// A clock that tests set.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// No chance: every wait is as long as it can be.
struct NoChance;

impl Random for NoChance {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(0);
        Ok(())
    }
}

struct Silent;

impl Follower for Silent {
    fn raise(&self, _: &[EntityUid], _: Revision) {}
    fn publish(&self, _: Revision) {}
}

/// A folder with a database and a mailbox.
struct World {
    folder: TempDir,
    store: Store,
    clock: Arc<SetClock>,
    port: u16,
}

/// A port that nobody listens on: the system does not soon give it away again.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        Self { folder, store, clock: Arc::new(SetClock(AtomicI64::new(NOON_MS))), port: free_port() }
    }

    /// Ends the process, as far as the store goes, and begins another.
    async fn restart(&mut self) {
        self.store.clone().close().await;
        self.store = open(&self.folder).await;
    }

    fn delivery(&self, attempts_max: u32) -> Delivery {
        self.delivery_to(&format!("smtp://127.0.0.1:{}", self.port), attempts_max)
    }

    fn delivery_to(&self, url: &str, attempts_max: u32) -> Delivery {
        Delivery {
            store: self.store.clone(),
            follower: Arc::new(Silent),
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(NoChance),
            smtp: Smtp::new(url).unwrap(),
            sender: Sender::new("Acme Teams <noreply@example.org>").unwrap(),
            attempts_max,
        }
    }

    async fn enqueue(&self, id: &str, letter: &Letter) {
        let mut tx = self.store.write("invite", None, self.clock.now_ms()).await.unwrap();
        tx.enqueue(&MailId::new(id).unwrap(), letter).await.unwrap();
        tx.commit(&Silent).await.unwrap();
    }

    async fn mails(&self, state: MailState) -> Vec<Mail> {
        self.store.outbox(state, &Page::first()).await.unwrap().rows
    }

    /// The server; `None` if this machine has none, which is said aloud.
    async fn server(&self) -> Option<Server> {
        let Some(python) = python() else {
            // Not by `println!`, which is shown of failed tests only.
            writeln!(std::io::stderr(), "skipped: no python3-aiosmtpd, so no mail server to send to").unwrap();
            return None;
        };
        Some(Server::start(python, self.port, self.mailbox()).await)
    }

    fn mailbox(&self) -> PathBuf {
        self.folder.path().join("mailbox")
    }

    /// What the server took, headers and text apart, sorted.
    fn received(&self) -> Vec<(String, String)> {
        let Ok(files) = std::fs::read_dir(self.mailbox().join("new")) else { return Vec::new() };
        let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap().replace("\r\n", "\n"));
        let mut mails: Vec<_> = texts
            .map(|text| text.split_once("\n\n").map(|(headers, body)| (headers.to_owned(), decoded(body))).unwrap())
            .collect();
        mails.sort();
        mails
    }

    fn later(&self, by_ms: i64) {
        self.clock.0.fetch_add(by_ms, Ordering::Relaxed);
    }
}

async fn open(folder: &TempDir) -> Store {
    Store::open(folder.path().join("c.db").to_str().unwrap(), Access::Own).await.unwrap()
}

async fn step(delivery: &Delivery) -> Step {
    let (_stop, mut stopping) = watch::channel(false);
    delivery.step(&mut stopping).await.unwrap()
}

fn letter(to: &str) -> Letter {
    let mut group = group(Some("nl"));
    group.settings.full_name = Some("Verkoop “Zuid”".to_owned());
    let invitation: Invitation = invitation(30);
    let inviter = user("anna", Some("Zoë"), Some("De Wit"));
    composer(true).invitation(&Invited {
        invitation: &invitation,
        group: &group,
        inviter: &inviter,
        to,
        first_name: None,
        token: TOKEN,
    })
}

/// Undoes quoted-printable.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.replace("=\n", "").into_bytes().into_iter();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Debian's own Python has Debian's packages, another one before it in the path may not.
fn python() -> Option<&'static str> {
    ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let import = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    })
}

struct Server(Child);

impl Server {
    async fn start(python: &str, port: u16, mailbox: PathBuf) -> Self {
        let child = Command::new(python)
            .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}"), "-c", "smtp_handler.Picky"])
            .arg(mailbox)
            .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .spawn()
            .unwrap();
        let mut server = Self(child);
        for _ in 0..400 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return server;
            }
            assert_eq!(server.0.try_wait().unwrap(), None, "the mail server ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the mail server does not listen");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a10_what_is_delivered_is_what_was_written() {
    let world = World::new().await;
    let Some(_server) = world.server().await else { return };
    let desk = Arc::new(Desk::new(composer(true)));
    let running = world.delivery(3).start(Arc::clone(&desk));
    // The task sleeps by now, or will look before it does: either way the announcement is heard.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let letter = letter("ben@example.org");
    world.enqueue("m1", &letter).await;
    desk.announce();
    for _ in 0..200 {
        if !world.mails(MailState::Sent).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.stop().await;

    let [mail] = &world.mails(MailState::Sent).await[..] else { panic!("not sent") };
    assert_eq!((mail.attempts, mail.sent_ms, &mail.body), (1, Some(NOON_MS), &None));
    let [(headers, body)] = &world.received()[..] else { panic!("{:?}", world.received()) };
    assert_eq!(body, letter.body.reveal());
    for header in [
        "From: \"Acme Teams\" <noreply@example.org>",
        "To: ben@example.org",
        "Message-ID: <m1@example.org>",
        "Content-Language: nl",
        "X-RcptTo: ben@example.org",
    ] {
        assert!(headers.lines().any(|line| line == header), "{header} not in\n{headers}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_gets_the_mail_once_it_is_up() {
    let world = World::new().await;
    let delivery = world.delivery(20);
    world.enqueue("m1", &letter("ben@example.org")).await;
    for (attempts, wait_ms) in [(1, 30_000), (2, 60_000), (3, 120_000)] {
        assert_eq!(step(&delivery).await, Step::Unreachable);
        let due_ms = world.clock.now_ms() + wait_ms;
        assert_eq!(step(&delivery).await, Step::Idle(Some(due_ms)));
        let [mail] = &world.mails(MailState::Pending).await[..] else { panic!() };
        assert_eq!((mail.attempts, mail.next_attempt_ms), (attempts, due_ms));
        assert!(mail.last_error.as_ref().is_some_and(|error| !error.contains(TOKEN)), "{mail:?}");
        world.later(wait_ms);
    }
    let Some(_server) = world.server().await else { return };
    assert_eq!(step(&delivery).await, Step::Tried);
    assert_eq!(step(&delivery).await, Step::Idle(None));
    assert_eq!(world.received().len(), 1);
    assert_eq!(world.mails(MailState::Sent).await[0].attempts, 4);
}

#[tokio::test]
async fn a_mail_that_is_refused_is_dead_and_the_next_one_goes() {
    let world = World::new().await;
    let Some(_server) = world.server().await else { return };
    let delivery = world.delivery(2);
    for (id, to) in
        [("m1", "refused@example.org"), ("m2", "no address"), ("m3", "later@example.org"), ("m4", "ben@example.org")]
    {
        world.enqueue(id, &letter(to)).await;
    }
    for _ in 0..4 {
        assert_eq!(step(&delivery).await, Step::Tried);
    }
    let [refused, wrong] = &world.mails(MailState::Dead).await[..] else { panic!() };
    assert!(refused.last_error.as_ref().unwrap().contains("550"), "{refused:?}");
    assert!(wrong.last_error.as_ref().unwrap().contains("no address"), "{wrong:?}");
    assert!(refused.body.is_some(), "the host may still want to send it");
    assert_eq!(world.received().len(), 1);

    world.later(30_000);
    assert_eq!(step(&delivery).await, Step::Tried);
    let tried_often = &world.mails(MailState::Dead).await[2];
    assert_eq!((tried_often.id.as_str(), tried_often.attempts), ("m3", 2));
    assert!(tried_often.last_error.as_ref().unwrap().contains("451"), "{tried_often:?}");
    assert_eq!(step(&delivery).await, Step::Idle(None));
}

#[tokio::test]
async fn a_restart_loses_nothing_and_shows_nothing_twice() {
    let mut world = World::new().await;
    let Some(_server) = world.server().await else { return };
    world.enqueue("m1", &letter("ben@example.org")).await;
    world.restart().await;
    // The server took it, and the process ended before that was written down.
    let mail = world.store.next_mail().await.unwrap().unwrap();
    world.delivery(3).send(&mail).await.unwrap();
    world.restart().await;
    let delivery = world.delivery(3);
    assert_eq!(step(&delivery).await, Step::Tried);
    assert_eq!(step(&delivery).await, Step::Idle(None));
    let [(first, _), (second, _)] = &world.received()[..] else { panic!("{:?}", world.received()) };
    for headers in [first, second] {
        assert!(headers.contains("Message-ID: <m1@example.org>"), "{headers}");
    }
}

/// Answers each command that begins with `says.0` by `says.1`.
async fn scripted(says: &'static [(&'static str, &'static str)]) -> u16 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 mail.example.org\r\n").await.unwrap();
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                let answer = says.iter().find(|(command, _)| line.starts_with(command)).map_or("250 OK", |says| says.1);
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                line.clear();
            }
        }
    });
    port
}

#[tokio::test]
async fn a_wrong_password_is_no_reason_to_give_mail_up() {
    let port =
        scripted(&[("EHLO", "250-mail.example.org\r\n250 AUTH PLAIN"), ("AUTH", "535 5.7.8 wrong password")]).await;
    waits(&format!("smtp://user:hunter2@127.0.0.1:{port}"), "535").await;
}

#[tokio::test]
async fn a_server_that_wants_encryption_is_no_reason_to_give_mail_up() {
    let port = scripted(&[("MAIL", "530 5.7.0 Must issue a STARTTLS command first")]).await;
    waits(&format!("smtp://127.0.0.1:{port}"), "530").await;
}

/// Mail to this server stays pending, and why is said.
async fn waits(url: &str, why: &str) {
    let world = World::new().await;
    let delivery = world.delivery_to(url, 3);
    world.enqueue("m1", &letter("ben@example.org")).await;
    assert_eq!(step(&delivery).await, Step::Unreachable);
    let [mail] = &world.mails(MailState::Pending).await[..] else { panic!() };
    let error = mail.last_error.as_ref().unwrap();
    assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_mail_withdrawn_while_it_is_sent_stays_withdrawn() {
    let world = World::new().await;
    let delivery = world.delivery(3);
    world.enqueue("m1", &letter("ben@example.org")).await;
    let revision = world.store.revision().await.unwrap();
    let gone = MailId::new("m0").unwrap();
    delivery.record_sent(&gone, 1).await.unwrap();
    delivery.mark_failed(&gone, 1, &Failure::Deferred("no".to_owned())).await.unwrap();
    assert_eq!(world.store.revision().await.unwrap(), revision);
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_server_that_says_nothing() {
    let world = World::new().await;
    let silent = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, world.port)).await.unwrap();
    world.enqueue("m1", &letter("ben@example.org")).await;
    let running = world.delivery(3).start(Arc::new(Desk::new(composer(true))));
    let connection = silent.accept().await.unwrap();
    // From here on nothing happens but time passing, and that at once.
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    running.stop().await;
    assert!(asked.elapsed() >= STOP_SECONDS_MAX && asked.elapsed() < STOP_SECONDS_MAX * 2);
    tokio::time::resume();
    drop(connection);
    let [mail] = &world.mails(MailState::Pending).await[..] else { panic!() };
    assert_eq!(mail.attempts, 0);
}
