//! What every test starts from: an empty database, and rows to put into it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use akkoord_core::{
    Timestamp,
    ids::{AccountId, ApprovalId, EnrolmentId, PhoneId, SessionId},
    secret::{Token, TokenHash},
};
use akkoord_protocols::random::Random;
use akkoord_store::{
    Answered, ApprovalRow, Database, Ended, NewAccount, NewApproval, NewEnrolment, NewPhone, NewSession, Place, Placed,
    RootKey, Seal, Store, StoreError, Tx,
};
use aws_lc_rs::digest;
use futures_util::future::BoxFuture;
use tokio_postgres::NoTls;

/// When the tests play.
pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// The time `seconds` after [`NOW`].
pub(crate) fn at(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// Random bytes that no other test of this process gets.
pub(crate) struct Counted;

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        for chunk in bytes.chunks_mut(32) {
            let input = format!("{} {}", std::process::id(), DRAWN.fetch_add(1, Ordering::Relaxed));
            let block = digest::digest(&digest::SHA256, input.as_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}

/// A token and its hash.
pub(crate) fn token() -> TokenHash {
    Token::new(&Counted).hash()
}

/// A folder that goes with its owner.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let mut name = [0; 8];
        Counted.fill(&mut name);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{}", hex(&name)));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// An empty database and what it needs to stay there.
pub(crate) struct Empty {
    pub(crate) database: Database,
    _folder: Option<Folder>,
}

pub(crate) async fn sqlite_database() -> Option<Empty> {
    let folder = Folder::new();
    Some(Empty { database: Database::Sqlite { path: folder.file("akkoord.db") }, _folder: Some(folder) })
}

/// A schema of its own for each test in the database that `TEST_POSTGRES_URL` names.
pub(crate) async fn postgres_database() -> Option<Empty> {
    let url = postgres_url()?;
    let test = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let hash = digest::digest(&digest::SHA256, test.as_bytes());
    let schema = format!("test_{}", hex(&hash.as_ref()[..8]));
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("TEST_POSTGRES_URL answers");
    tokio::spawn(connection);
    let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    client.batch_execute(&sql).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-csearch_path%3D{schema}");
    Some(Empty { database: Database::Postgres { url }, _folder: None })
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but the environment")]
fn postgres_url() -> Option<String> {
    let url = std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty());
    assert!(
        url.is_some() || std::env::var("CI").is_err(),
        "CI runs the store's tests on PostgreSQL too: set TEST_POSTGRES_URL"
    );
    url
}

pub(crate) fn root_key() -> RootKey {
    RootKey::from_bytes([7; 32])
}

pub(crate) fn seal() -> Seal {
    Seal::new(&root_key(), Arc::new(Counted))
}

/// An opened database.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) empty: Empty,
}

impl World {
    pub(crate) async fn open(empty: Empty) -> Self {
        let store = Store::open(&empty.database, seal(), NOW).await.unwrap();
        Self { store, empty }
    }

    /// Writes what must succeed.
    pub(crate) async fn write<T, F>(&self, write: F) -> T
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.store.write(write).await.unwrap()
    }

    /// Reads what must succeed.
    pub(crate) async fn read<T, F>(&self, read: F) -> T
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.store.read(read).await.unwrap()
    }

    /// An account.
    pub(crate) async fn account(&self) -> AccountId {
        let new = new_account();
        let id = new.id.clone();
        self.write(|tx| Box::pin(async move { tx.add_account(&new).await })).await;
        id
    }

    /// A phone of an account.
    pub(crate) async fn phone(&self, account: &AccountId) -> PhoneId {
        let new = self.new_phone(account);
        let id = new.id.clone();
        self.write(|tx| Box::pin(async move { tx.add_phone(&new).await })).await;
        id
    }

    pub(crate) fn new_phone(&self, account: &AccountId) -> NewPhone {
        let id = PhoneId::new(&Counted);
        let seal = self.store.seal();
        NewPhone {
            account_id: account.clone(),
            name: "Ada's phone".to_owned(),
            platform: "android".to_owned(),
            key: format!("device key of {id}"),
            webauthn: None,
            pin_key: Some("pin key".to_owned()),
            oprf_key: seal.seal(Place::PhoneOprfKey, id.as_str(), b"oprf"),
            voprf: "public oprf".to_owned(),
            pin_left: 5,
            app_pin_at: None,
            phone_sign_in_at: None,
            code_secret: Some(seal.seal(Place::PhoneCodeSecret, id.as_str(), b"seed")),
            created_at: NOW,
            id,
        }
    }

    /// A request that waits for these phones.
    pub(crate) async fn pending(&self, account: &AccountId, phones: &[&PhoneId]) -> Request {
        self.placed(new_approval(Some(account), &token()), phones).await
    }

    /// This request, which waits for these phones.
    pub(crate) async fn placed(&self, new: NewApproval, phones: &[&PhoneId]) -> Request {
        let (id, flow) = (new.id.clone(), new.flow_hash.clone());
        let phones: Vec<PhoneId> = phones.iter().map(|phone| (*phone).clone()).collect();
        self.write(|tx| {
            Box::pin(async move {
                let placed = tx.place_approval(&new, &numbers()).await?;
                assert!(matches!(placed, Placed::Placed { .. }), "{placed:?}");
                for phone in &phones {
                    tx.add_approval_message(&new.id, phone, "message").await?;
                }
                Ok(())
            })
        })
        .await;
        Request { id, flow }
    }

    /// A request that this phone has approved.
    pub(crate) async fn approved(&self, account: &AccountId, phone: &PhoneId) -> Request {
        let request = self.pending(account, &[phone]).await;
        let answered = request.answered(phone);
        assert!(self.write(|tx| Box::pin(async move { tx.approve_approval(&answered, at(1), at(61)).await })).await);
        request
    }

    /// The request as it stands now.
    pub(crate) async fn approval(&self, request: &Request) -> ApprovalRow {
        let id = request.id.clone();
        self.read(|tx| Box::pin(async move { tx.approval(&id).await })).await.unwrap()
    }

    pub(crate) fn new_enrolment(&self, account: &AccountId) -> NewEnrolment {
        let id = EnrolmentId::new(&Counted);
        let seal = self.store.seal();
        NewEnrolment {
            account_id: account.clone(),
            phone_id: PhoneId::new(&Counted),
            session_id: None,
            started_by_phone: None,
            token_hash: token(),
            code_mac: "code mac".to_owned(),
            code_left: 5,
            server_nonce: seal.seal(Place::EnrolmentServerNonce, id.as_str(), b"nonce"),
            oprf_key: seal.seal(Place::EnrolmentOprfKey, id.as_str(), b"oprf"),
            voprf: "public oprf".to_owned(),
            prove_left: 3,
            digits_left: 3,
            created_at: NOW,
            expires_at: at(300),
            id,
        }
    }
}

/// A request and the browser that waits for it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) id: ApprovalId,
    pub(crate) flow: TokenHash,
}

impl Request {
    pub(crate) fn answered(&self, phone: &PhoneId) -> Answered {
        Answered {
            id: self.id.clone(),
            phone_id: phone.clone(),
            decision_hash: "decision hash".to_owned(),
            answer: "{}".to_owned(),
            evidence: None,
        }
    }
}

pub(crate) fn new_account() -> NewAccount {
    let id = AccountId::new(&Counted);
    NewAccount {
        organisation_id: None,
        kind: "work".to_owned(),
        username: format!("user-{id}"),
        name: "Ada".to_owned(),
        email: Some("ada@example.org".to_owned()),
        role: "member".to_owned(),
        language: None,
        created_at: NOW,
        id,
    }
}

/// A request of a browser that the account knows, or a decoy.
pub(crate) fn new_approval(account: Option<&AccountId>, flow: &TokenHash) -> NewApproval {
    NewApproval {
        id: ApprovalId::new(&Counted),
        account_id: account.cloned().unwrap_or_else(|| AccountId::new(&Counted)),
        decoy: account.is_none(),
        organisation_id: None,
        flow_hash: flow.clone(),
        operation: "signin".to_owned(),
        client_id: "akkoord".to_owned(),
        client_name: "Akkoord".to_owned(),
        context: "{}".to_owned(),
        mode: "enter".to_owned(),
        unlock: "[\"pin\"]".to_owned(),
        created_at: NOW,
        known_at: Some(NOW),
        rings_at: None,
        expires_at: at(120),
    }
}

pub(crate) fn new_session(account: &AccountId) -> NewSession {
    NewSession {
        stays_at: None,
        id: SessionId::new(&Counted),
        token_hash: token(),
        account_id: account.clone(),
        approval_id: None,
        phone_id: None,
        proved: "[]".to_owned(),
        acr: "phone".to_owned(),
        browser: "Firefox".to_owned(),
        address: "192.0.2.1".to_owned(),
        authenticated_at: NOW,
        created_at: NOW,
        expires_at: at(3600),
    }
}

/// Which requests ended.
pub(crate) fn ids(ended: &[Ended]) -> Vec<ApprovalId> {
    ended.iter().map(|ended| ended.id.clone()).collect()
}

/// More numbers than can be taken.
pub(crate) fn numbers() -> Vec<String> {
    ["42", "17", "83", "64"].map(str::to_owned).to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A link of a notice about a password.
pub fn notice_link(account: &AccountId, expires_at: Timestamp) -> akkoord_store::NoticeLinkRow {
    akkoord_store::NoticeLinkRow {
        account_id: account.clone(),
        what: "password".to_owned(),
        subject: "7".to_owned(),
        created_at: NOW,
        expires_at,
        used_at: None,
    }
}
