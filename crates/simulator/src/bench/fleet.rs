//! Accounts ready to sign in: each with a browser that the account knows and an enrolled phone.

use akkoord_authenticator::{Candidate, Invitation, Network, Phone, Stretched};
use akkoord_protocols::phone::{Platform, link::EnrolmentLink};
use tokio::task::JoinSet;

use super::BenchError;
use crate::{
    browser::Browser,
    server::{ReadyAccount, Server},
    steps,
};

/// A PIN of the fleet after its stretching.
pub(super) const STRETCHED_PIN: [u8; 32] = [42; 32];

/// An account's browser and phone.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) username: String,
    pub(super) browser: Browser,
    pub(super) phone: Phone,
}

/// Enrols a phone for each account, over the pages and the protocol as a person would.
pub(super) async fn enrol(
    network: &Network,
    server: &Server,
    count: usize,
    at_once: usize,
) -> Result<Vec<Pair>, BenchError> {
    let with_pass = server.ready.accounts.iter().filter(|account| account.access_pass.is_some());
    let accounts: Vec<ReadyAccount> = with_pass.take(count).cloned().collect();
    if accounts.len() < count {
        return Err(BenchError::Wrong(format!("the server made {} accounts with a pass, not {count}", accounts.len())));
    }
    let (mut waiting, mut tasks, mut pairs) = (accounts.into_iter(), JoinSet::new(), Vec::new());
    loop {
        while tasks.len() < at_once.max(1) {
            let Some(account) = waiting.next() else { break };
            let browser = Browser::new(network, &server.ready.login);
            tasks.spawn(enrol_one(network.clone(), browser, account));
        }
        match tasks.join_next().await {
            Some(Ok(pair)) => pairs.push(pair?),
            Some(Err(error)) => return Err(BenchError::Wrong(error.to_string())),
            None => return Ok(pairs),
        }
    }
}

async fn enrol_one(network: Network, mut browser: Browser, account: ReadyAccount) -> Result<Pair, BenchError> {
    let pass = account.access_pass.as_deref().unwrap_or_default();
    steps::sign_in_with_pass(&mut browser, &account.username, pass).await?;
    let offered = steps::add_phone(&mut browser).await?;
    let link: EnrolmentLink = offered.link.parse().map_err(akkoord_authenticator::EnrolError::Link)?;
    let mut claimed = Candidate::new(&network, Invitation::Link(link))?.claim().await?;
    // One phone serves both kinds of load: each request accepts any one of the methods.
    claimed.use_soft_platform()?;
    claimed.set_stretched_pin(&Stretched::precomputed(STRETCHED_PIN)).await?;
    let name = "Simulated phone".parse().map_err(|_| BenchError::Wrong("a name".to_owned()))?;
    let proved = claimed.prove(name, Platform::Other).await?;
    steps::type_digits(&mut browser, &offered, proved.digits().expose()).await?;
    let connection = proved.connection.clone();
    let phone = Phone::new(connection, proved.wait().await?);
    Ok(Pair { username: account.username, browser, phone })
}
