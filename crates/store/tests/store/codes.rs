//! What makes verification codes, and that none is accepted twice.

use akkoord_core::ids::CodeGeneratorId;
use akkoord_store::{CodeSource, CodeTries, NewCodeGenerator, Place};

use super::world;
use crate::fixtures::{Counted, NOW, at};

#[tokio::test]
async fn a_generator_is_added_once_listed_and_removed_with_its_secret() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let id = CodeGeneratorId::new(&Counted);
    let new = NewCodeGenerator {
        id: id.clone(),
        account_id: account.clone(),
        name: "Old phone".to_owned(),
        secret: world.store.seal().seal(Place::CodeGeneratorSecret, id.as_str(), &[7; 20]),
        code_step: 5,
        created_at: NOW,
    };
    let opened = world.write(move |tx| {
        Box::pin(async move {
            assert!(tx.add_code_generator(&new).await?);
            assert!(!tx.add_code_generator(&new).await?, "its form was sent twice");
            let listed = tx.code_generators_of(&account).await?;
            assert_eq!(
                listed.iter().map(|row| (row.name.as_str(), row.created_at)).collect::<Vec<_>>(),
                [("Old phone", NOW)]
            );
            let secrets = tx.code_secrets_of(&account).await?;
            assert_eq!((secrets.len(), secrets[0].step), (1, 5));
            assert!(tx.code_secrets_of(&other).await?.is_empty());
            assert!(!tx.remove_code_generator(&new.id, &other).await?, "somebody else's");
            assert!(tx.remove_code_generator(&new.id, &account).await?);
            assert!(tx.code_secrets_of(&account).await?.is_empty());
            Ok(secrets[0].secret.clone())
        })
    });
    let sealed = opened.await;
    let opened = world.store.seal().open(Place::CodeGeneratorSecret, id.as_str(), &sealed).unwrap();
    assert_eq!(opened.as_slice(), [7; 20]);
}

/// T-OTP: replay.
#[tokio::test]
async fn t_otp_a_code_is_used_once_and_none_before_it_is() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let source = CodeSource::Phone(phone.clone());
                assert!(tx.use_code(&source, 100, at(1)).await?);
                assert!(!tx.use_code(&source, 100, at(1)).await?, "twice");
                assert!(!tx.use_code(&source, 99, at(1)).await?, "an earlier one");
                assert!(tx.use_code(&source, 101, at(1)).await?);
                assert!(tx.revoke_phone(&phone, &account, at(2), "test").await?);
                assert!(!tx.use_code(&source, 102, at(2)).await?, "removed");
                assert!(tx.code_secrets_of(&account).await?.is_empty());
                Ok(())
            })
        })
        .await;
}

/// T-OTP: guessing, also by many at once.
#[tokio::test]
async fn t_otp_each_try_is_counted_before_it_is_looked_at() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let none = tx.code_tries(&account).await?;
                assert_eq!(none, CodeTries { failures: 0, wait_until: akkoord_core::Timestamp(0) });
                assert!(tx.count_code_try(&account, none, at(60), at(1)).await?);
                assert!(!tx.count_code_try(&account, none, at(60), at(1)).await?, "another was counted meanwhile");
                let one = tx.code_tries(&account).await?;
                assert_eq!(one, CodeTries { failures: 1, wait_until: at(60) });
                assert!(!tx.count_code_try(&account, one, at(120), at(59)).await?, "codes wait");
                assert!(tx.count_code_try(&account, one, at(120), at(60)).await?);
                tx.forget_code_tries(&account).await?;
                assert_eq!(tx.code_tries(&account).await?, none);
                assert!(
                    tx.switch_two_step_on(&account, at(1)).await? && !tx.switch_two_step_on(&account, at(2)).await?
                );
                assert_eq!(tx.account(&account).await?.unwrap().two_step_at, Some(at(1)));
                assert!(tx.set_default_step(&account, Some("code")).await?);
                assert_eq!(tx.account(&account).await?.unwrap().default_step.as_deref(), Some("code"));
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn switching_two_step_verification_off_takes_phone_sign_in_off_every_phone_of_the_account() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let (phone, others) = (world.phone(&account).await, world.phone(&other).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                for phone in [&phone, &others] {
                    assert!(tx.set_phone_sign_in(phone, Some(at(1))).await?);
                }
                assert!(!tx.switch_two_step_off(&account).await?, "it was not on");
                assert!(tx.phone(&phone).await?.unwrap().phone_sign_in_at.is_some());
                assert!(tx.switch_two_step_on(&account, at(1)).await?);
                assert!(tx.switch_two_step_off(&account).await? && !tx.switch_two_step_off(&account).await?);
                assert_eq!(tx.account(&account).await?.unwrap().two_step_at, None);
                assert_eq!(tx.phone(&phone).await?.unwrap().phone_sign_in_at, None);
                assert!(tx.phone(&others).await?.unwrap().phone_sign_in_at.is_some(), "nobody else's");
                Ok(())
            })
        })
        .await;
}
