//! Opening the vault, and the phones in it.

use std::{path::PathBuf, sync::Arc};

use akkoord_authenticator::{Account, Connection, Network, Phone, Protection, SealedFile};

use super::{Session, failure::Failure, screen::secret_file};

/// The way to the accounts of this device.
pub(crate) struct Door<'a> {
    session: &'a Session,
}

impl<'a> Door<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        Self { session }
    }

    fn path(&self) -> PathBuf {
        let settings = &self.session.settings;
        if let Some(path) = &settings.vault {
            return path.clone();
        }
        let data = settings.data_home.clone().filter(|path| path.is_absolute());
        let home = || std::env::home_dir().unwrap_or_default().join(".local/share");
        data.unwrap_or_else(home).join("akkoord").join("vault")
    }

    /// The vault, with its passphrase if it has one.
    pub(crate) async fn vault(&self) -> Result<Arc<SealedFile>, Failure> {
        let (path, settings, screen) = (self.path(), &self.session.settings, &self.session.screen);
        let sealed = SealedFile::wants_passphrase(&path)?;
        let new = !path.exists();
        let protection = if let Some(file) = &settings.passphrase_file {
            Protection::Passphrase(secret_file(file)?)
        } else if sealed {
            Protection::Passphrase(screen.hidden(&screen.text("prompt.passphrase")).await?)
        } else if new && settings.with_passphrase {
            Protection::Passphrase(screen.hidden(&screen.text("prompt.new_passphrase")).await?)
        } else {
            Protection::KeyFile
        };
        Ok(Arc::new(SealedFile::new(path, protection)))
    }

    /// The network.
    pub(crate) fn network(&self) -> Result<Network, Failure> {
        match &self.session.settings.trust {
            Some(file) => {
                let pem = std::fs::read(file);
                let pem = pem.map_err(|error| Failure::file(&file.display().to_string(), &error))?;
                Network::trusting(&pem).map_err(Failure::defect)
            }
            None => Network::new().map_err(Failure::defect),
        }
    }

    /// The accounts that the command is about: the one that was named, or all.
    pub(crate) fn chosen(&self, vault: &SealedFile) -> Result<Vec<Account>, Failure> {
        let accounts = vault.read()?.accounts;
        let Some(named) = &self.session.settings.account else { return Ok(accounts) };
        let chosen: Vec<Account> = accounts
            .into_iter()
            .filter(|account| account.owner.username.as_str() == named || account.phone.as_str() == named)
            .collect();
        if chosen.is_empty() { Err(Failure::unknown_account(named)) } else { Ok(chosen) }
    }

    /// The one account that the command is about, as a phone that stores its changes.
    pub(crate) async fn phone(&self) -> Result<(Phone, Arc<SealedFile>), Failure> {
        let vault = self.vault().await?;
        let mut accounts = self.chosen(&vault)?.into_iter();
        match (accounts.next(), accounts.next()) {
            (Some(account), None) => Ok((self.ready(&self.network()?, account, &vault)?, vault)),
            (None, _) => Err(Failure::usage("accounts.none")),
            (Some(_), Some(_)) => Err(Failure::usage("error.which_account")),
        }
    }

    /// An account as a phone.
    pub(crate) fn ready(&self, network: &Network, account: Account, vault: &Arc<SealedFile>) -> Result<Phone, Failure> {
        let connection = Connection::new(network, &account.server.api)?;
        Ok(Phone::kept_by(connection, account, Arc::clone(vault) as Arc<dyn akkoord_authenticator::Keep>))
    }
}
