//! Recovery codes, and that each is good once.

use akkoord_core::ids::{AccountId, RecoveryCodeId};
use akkoord_store::RecoveryCodeRow;

use super::world;
use crate::fixtures::{Counted, NOW, at};

fn codes(account: &AccountId) -> Vec<RecoveryCodeRow> {
    let code = |lookup| RecoveryCodeRow {
        id: RecoveryCodeId::new(&Counted),
        account_id: account.clone(),
        lookup,
        hash: format!("$argon2id${lookup}"),
        created_at: NOW,
        used_at: None,
    };
    (0..10).map(code).collect()
}

/// T-REC-1: once, and not after others took its place.
#[tokio::test]
async fn t_rec_1_a_recovery_code_is_used_once_and_a_new_set_voids_the_old_one() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    world
        .write(move |tx| {
            Box::pin(async move {
                let (first, second) = (codes(&account), codes(&account));
                tx.replace_recovery_codes(&account, &first).await?;
                assert_eq!(tx.recovery_codes_of(&account).await?.len(), 10);
                assert!(tx.recovery_codes_of(&other).await?.is_empty());
                assert!(tx.use_recovery_code(&first[0].id, at(1)).await?);
                assert!(!tx.use_recovery_code(&first[0].id, at(2)).await?, "twice");
                let used = tx.recovery_codes_of(&account).await?.into_iter().find(|row| row.id == first[0].id).unwrap();
                assert_eq!(used, RecoveryCodeRow { used_at: Some(at(1)), ..first[0].clone() });
                tx.replace_recovery_codes(&account, &second).await?;
                assert!(!tx.use_recovery_code(&first[1].id, at(3)).await?, "of the set before");
                assert!(tx.use_recovery_code(&second[1].id, at(3)).await?);
                assert_eq!(tx.remove_recovery_codes(&account).await?, 10);
                assert!(!tx.use_recovery_code(&second[2].id, at(3)).await?, "removed");
                Ok(())
            })
        })
        .await;
}
