//! Browsers that are spared the second step.

use std::time::Duration;

use akkoord_core::{
    ids::{AccountId, RememberedBrowserId},
    secret::Token,
};
use akkoord_store::NewRememberedBrowser;

use super::world;
use crate::fixtures::{Counted, NOW, at};

fn remembered(token: &Token, account: &AccountId) -> NewRememberedBrowser {
    NewRememberedBrowser {
        id: RememberedBrowserId::new(&Counted),
        token_hash: token.hash(),
        account_id: account.clone(),
        browser: "Firefox · Linux".to_owned(),
        created_at: NOW,
        expires_at: at(100),
    }
}

/// T-REM: for its account, in its browser, in its time, until it is forgotten.
#[tokio::test]
async fn t_rem_a_browser_is_remembered_for_one_account_until_it_is_forgotten_or_overdue() {
    let Some(world) = world().await else { return };
    let (ada, ben) = (world.account().await, world.account().await);
    world
        .write(move |tx| {
            Box::pin(async move {
                let (old, new) = (Token::new(&Counted), Token::new(&Counted));
                let before = NOW - Duration::from_secs(1);
                tx.add_remembered_browser(&remembered(&old, &ada)).await?;
                assert!(tx.is_remembered(&old.hash(), &ada, before, at(99)).await?);
                assert!(!tx.is_remembered(&old.hash(), &ada, before, at(100)).await?, "overdue");
                assert!(!tx.is_remembered(&old.hash(), &ada, NOW, at(1)).await?, "policy became stricter");
                assert!(!tx.is_remembered(&old.hash(), &ben, before, at(1)).await?, "of another account");
                assert!(!tx.is_remembered(&new.hash(), &ada, before, at(1)).await?, "another cookie");
                // A second account in the same browser: one new cookie for both, and the old one is void.
                assert_eq!(tx.move_remembered_browsers(&old.hash(), &new.hash()).await?, 1);
                tx.add_remembered_browser(&remembered(&new, &ben)).await?;
                tx.add_remembered_browser(&remembered(&new, &ben)).await?;
                assert!(!tx.is_remembered(&old.hash(), &ada, before, at(1)).await?, "a copy of the old cookie");
                for account in [&ada, &ben] {
                    assert!(tx.is_remembered(&new.hash(), account, before, at(1)).await?);
                    assert_eq!(tx.remembered_browsers_of(account, before, at(1)).await?.len(), 1);
                }
                assert_eq!(tx.forget_remembered_browsers(&ada).await?, 1);
                assert!(!tx.is_remembered(&new.hash(), &ada, before, at(1)).await?, "forgotten");
                assert!(tx.is_remembered(&new.hash(), &ben, before, at(1)).await?, "the other account keeps it");
                tx.delete_remembered_browsers(at(100), 10).await?;
                assert_eq!(tx.forget_remembered_browsers(&ben).await?, 1, "not overdue yet");
                tx.add_remembered_browser(&remembered(&new, &ben)).await?;
                assert_eq!(tx.delete_remembered_browsers(at(101), 1000).await?, 1);
                assert!(tx.remembered_browsers_of(&ben, before, at(1)).await?.is_empty());
                tx.add_remembered_browser(&remembered(&new, &ben)).await?;
                assert!(tx.forget_all_remembered_browsers().await? >= 1, "after a restore");
                assert!(!tx.is_remembered(&new.hash(), &ben, before, at(1)).await?);
                Ok(())
            })
        })
        .await;
}
