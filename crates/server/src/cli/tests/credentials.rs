//! What a restore does with passkeys and security keys.

use akkoord_core::ids::CredentialId;
use akkoord_store::{CredentialKind, NewCredential};

use super::*;

#[test]
fn a_passkey_that_was_removed_after_the_backup_stays_removed() {
    let folder = Folder::new("credentials");
    folder.set_up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let new = |account: &AccountId, handle: &str| {
        let ctx = opened::operator_ctx();
        NewCredential {
            id: CredentialId::new(&*ctx.random),
            account_id: account.clone(),
            handle: handle.to_owned(),
            kind: CredentialKind::Passkey,
            name: "Laptop".to_owned(),
            credential: "{}".to_owned(),
            created_at: ctx.now,
        }
    };
    let (ada, lost) = runtime.block_on(async {
        let store = folder.store().await;
        let added = store.write(move |tx| {
            Box::pin(async move {
                let ada = tx.account_by_username("ada@example.org").await?.unwrap().id;
                let (lost, kept) = (new(&ada, "lost"), new(&ada, "kept"));
                assert!(tx.add_credential(&lost, 20).await? && tx.add_credential(&kept, 20).await?);
                Ok::<_, StoreError>((ada, lost.id))
            })
        });
        let added = added.await.unwrap();
        store.close().await;
        added
    });
    let backup = folder.file("backup.db");
    assert_eq!(folder.code(&["backup", &backup]), 0);
    let account = ada.clone();
    runtime.block_on(async {
        let store = folder.store().await;
        let now = opened::operator_ctx().now;
        let removed = store.write(move |tx| Box::pin(async move { tx.remove_credential(&lost, &account, now).await }));
        let removed: Result<bool, StoreError> = removed.await;
        assert!(removed.unwrap());
        store.close().await;
    });
    assert_eq!(folder.code(&["restore", &backup]), 0);
    runtime.block_on(async {
        let store = folder.store().await;
        let left = store.read(move |tx| Box::pin(async move { tx.credentials_of(&ada).await }));
        let left: Result<Vec<_>, StoreError> = left.await;
        assert_eq!(left.unwrap().iter().map(|row| row.handle.as_str()).collect::<Vec<_>>(), ["kept"]);
        store.close().await;
    });
}
