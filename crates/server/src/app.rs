//! The application: what every handler and job is given. Built by one function for the program and the tests;
//! tests bring another clock, randomness and mail, nothing else.

use std::{
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use akkoord_core::{Actor, Ctx};
use akkoord_protocols::{bytes::Bytes, phone::nonce::NonceKey, random::Random, webauthn::RelyingParty};
use akkoord_store::{Purpose, RootKey, Seal, Store};
use tokio::sync::{Notify, Semaphore, watch};

use crate::{
    clock::Clock,
    config::Config,
    http::form::FormKey,
    limits::{CallLimit, LogLimit, SeenProofs},
    outbound::{mail::Mailer, push::PushClient},
    use_cases::{
        server_key::{self, ServerKeys},
        slow_hash::Hashing,
    },
    views::texts::{Languages, Texts},
    wake::Wake,
    web_app::WebApp,
};

/// The application; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the application consists of.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The texts of pages and mails.
    pub languages: Languages,
    /// The public key of our pushes.
    pub push_key: Bytes<65>,
    /// Asks push services to ring phones.
    pub push: PushClient,
    /// Tells the worker of pushes that one was queued, or may go now.
    pub job_queued: Notify,
    /// Makes nonces for proofs.
    pub nonce_key: NonceKey,
    /// Makes tokens for forms.
    pub form_key: FormKey,
    /// Wakes who waits.
    pub wake: Wake,
    /// Proofs that were seen.
    pub seen_proofs: SeenProofs,
    /// Calls without a proof, per neighbourhood.
    pub unproved_calls: CallLimit,
    /// Starts of a sign-in by browsers that the account does not know, per neighbourhood.
    pub starts: CallLimit,
    /// How many of those are begun at once. Beyond it a start is refused, so that a flood of them holds up nobody who
    /// signs in.
    pub starting: Semaphore,
    /// Refusals for want of time or database, in the log.
    pub busy_log: LogLimit,
    /// Checks platform authenticators.
    pub relying_party: RelyingParty,
    /// Checks passkeys and security keys, which belong to the sign-in site and never to the phones' name.
    pub sign_in_party: RelyingParty,
    /// Sends mail, where it is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Hashes passwords and access passes, a few at once.
    pub hashing: Hashing,
    /// The authenticator app that phones load.
    pub(crate) web_app: WebApp,
    /// True once the server is to stop.
    pub stopping: watch::Sender<bool>,
    server_keys: RwLock<Arc<ServerKeys>>,
}

/// What stops the start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("cannot use the data folder {path}: {cause}; set data_dir to a folder that this account may write")]
    DataDir {
        /// The folder.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The root key file.
    #[error(transparent)]
    RootKey(#[from] akkoord_store::RootKeyError),
    /// The database.
    #[error(transparent)]
    Open(#[from] akkoord_store::OpenError),
    /// The database, after it was opened.
    #[error(transparent)]
    Store(#[from] akkoord_store::StoreError),
    /// Something that cannot be but for a defect.
    #[error("{0}")]
    Defect(String),
}

/// What a test brings of its own.
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Sends mail.
    pub mailer: Option<Arc<dyn Mailer>>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Opens the database of a configuration, making folder and root key at the first start.
pub async fn open_store(config: &Config, surroundings: &Surroundings) -> Result<Store, StartError> {
    make_data_dir(&config.data_dir)?;
    let is_new = config.database.is_new().await?;
    let root = RootKey::load_or_create(&config.root_key_path(), is_new, &*surroundings.random)?;
    let seal = Seal::new(&root, Arc::clone(&surroundings.random));
    Ok(Store::open(&config.database, seal, surroundings.clock.now()).await?)
}

/// Opens the database of a configuration as it is: nothing is made, and no version changed under a running server.
pub async fn open_store_as_is(config: &Config, surroundings: &Surroundings) -> Result<Store, StartError> {
    let root = RootKey::load(&config.root_key_path())?;
    let seal = Seal::new(&root, Arc::clone(&surroundings.random));
    Ok(Store::open_as_is(&config.database, seal).await?)
}

fn make_data_dir(path: &std::path::Path) -> Result<(), StartError> {
    let failed = |cause| StartError::DataDir { path: path.display().to_string(), cause };
    if !path.exists() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        // The folder holds keys and personal data: nobody else on this machine has business in it.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(failed)?;
    }
    Ok(())
}

impl App {
    /// Builds the application on an open database.
    pub async fn build(config: Config, store: Store, surroundings: Surroundings) -> Result<Self, StartError> {
        let Surroundings { clock, random, mailer } = surroundings;
        let languages = Texts::load().map_err(|error| StartError::Defect(error.to_string()))?;
        let relying_party =
            RelyingParty::new(&config.app_origins).map_err(|error| StartError::Defect(error.to_string()))?;
        let sign_in_party = config
            .public_url
            .parse()
            .map_err(|error: url::ParseError| error.to_string())
            .and_then(|origin| RelyingParty::new(&[origin]).map_err(|error| error.to_string()))
            .map_err(StartError::Defect)?;
        let ctx =
            Ctx { now: clock.now(), actor: Actor::System, request_id: "start".to_owned(), random: Arc::clone(&random) };
        let server_keys = server_key::load_or_create(&store, &ctx).await?;
        let push_key = server_key::push_key(&store).await?;
        let (nonce_key, form_key) = {
            let seal = store.seal();
            (seal.mac(Purpose::NonceKey, &[]), seal.mac(Purpose::FormKey, &[]))
        };
        Ok(Self(Arc::new(Parts {
            store,
            clock,
            random,
            languages,
            push_key: Bytes(*push_key.public().point()),
            push: PushClient::new(&config.push, push_key, &config.public_url),
            job_queued: Notify::new(),
            nonce_key: NonceKey::new(&nonce_key),
            form_key: FormKey::new(&form_key),
            wake: Wake::default(),
            seen_proofs: SeenProofs::new(),
            unproved_calls: CallLimit::new(UNPROVED_CALLS, Duration::from_secs(600)),
            relying_party,
            sign_in_party,
            mailer,
            hashing: Hashing::default(),
            starts: CallLimit::new(STARTS, Duration::from_secs(600)),
            starting: Semaphore::new(STARTING),
            busy_log: LogLimit::default(),
            web_app: WebApp::own(),
            stopping: watch::Sender::new(false),
            server_keys: RwLock::new(Arc::new(server_keys)),
            config,
        })))
    }

    /// The server's signing keys.
    pub fn server_keys(&self) -> Arc<ServerKeys> {
        Arc::clone(&self.server_keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up keys that another process added.
    pub fn replace_server_keys(&self, keys: ServerKeys) {
        *self.server_keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// A context of the server by itself.
    pub fn own_ctx(&self, actor: Actor) -> Ctx {
        Ctx { now: self.clock.now(), actor, request_id: "-".to_owned(), random: Arc::clone(&self.random) }
    }

    /// Whether several nodes share the database, so that a change may come from elsewhere.
    pub fn has_peers(&self) -> bool {
        matches!(self.config.database, akkoord_store::Database::Postgres { .. })
    }

    /// Asks everything that waits to end.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
        self.wake.tell_all();
    }
}

/// Calls without a proof in ten minutes and neighbourhood: nonces, claims and their PIN evaluations. A school class
/// that enrols at once needs some five calls a phone.
const UNPROVED_CALLS: u32 = 1_000;
/// Starts by unknown browsers in ten minutes and neighbourhood (`protocol.md` 6). Named networks are free.
const STARTS: u32 = 200;
/// As many as share a commit: who comes to finish meanwhile waits for one group of them and not for all.
const STARTING: usize = 256;
