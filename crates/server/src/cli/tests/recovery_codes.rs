//! What a restore does to recovery codes.

use akkoord_core::ids::RecoveryCodeId;
use akkoord_store::RecoveryCodeRow;

use super::*;

/// T-REC-1: what was used stays used, and what was on paper last is what counts.
#[test]
fn t_rec_1_a_restore_brings_no_recovery_code_back_and_voids_none_that_counts() {
    let folder = Folder::new("restored-recovery-codes");
    folder.set_up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let change = |new: Option<i64>, used: Option<i64>| {
        runtime.block_on(async {
            let store = folder.store().await;
            let changed = store.write(move |tx| {
                Box::pin(async move {
                    let ada = tx.account_by_username("ada@example.org").await?.unwrap();
                    let ctx = opened::operator_ctx();
                    if let Some(first) = new {
                        let code = |lookup| RecoveryCodeRow {
                            id: RecoveryCodeId::new(&*ctx.random),
                            account_id: ada.id.clone(),
                            lookup,
                            hash: String::new(),
                            created_at: ctx.now,
                            used_at: None,
                        };
                        let codes: Vec<_> = (first..first + 3).map(code).collect();
                        tx.replace_recovery_codes(&ada.id, &codes).await?;
                    }
                    let mut all = tx.recovery_codes_of(&ada.id).await?;
                    if let Some(code) = all.iter().find(|code| Some(code.lookup) == used) {
                        assert!(tx.use_recovery_code(&code.id, ctx.now).await?);
                        all = tx.recovery_codes_of(&ada.id).await?;
                    }
                    all.sort_by_key(|code| code.lookup);
                    Ok::<_, StoreError>(
                        all.iter().map(|code| (code.lookup, code.used_at.is_some())).collect::<Vec<_>>(),
                    )
                })
            });
            let all = changed.await.unwrap();
            store.close().await;
            all
        })
    };
    let backup = folder.file("backup.db");
    change(Some(10), None);
    assert_eq!(folder.code(&["backup", &backup]), 0);
    change(None, Some(11));
    assert_eq!(folder.code(&["restore", &backup]), 0);
    assert_eq!(change(None, None), [(10, false), (11, true), (12, false)], "used after the backup");
    change(Some(20), None);
    assert_eq!(folder.code(&["restore", &backup]), 0);
    assert_eq!(change(None, None), [(20, false), (21, false), (22, false)], "made after the backup");
}
