//! Organisations, accounts and settings.

use akkoord_core::ids::OrganisationId;
use akkoord_store::{NewOrganisation, OrganisationRow};

use super::world;
use crate::fixtures::{Counted, NOW, at, new_account, new_session};

fn new_organisation() -> NewOrganisation {
    NewOrganisation {
        id: OrganisationId::new(&Counted),
        name: "Example".to_owned(),
        help_contact: None,
        policy: "{}".to_owned(),
        created_at: NOW,
    }
}

#[tokio::test]
async fn an_organisation_is_added_found_and_changed() {
    let Some(world) = world().await else { return };
    let new = new_organisation();
    let id = new.id.clone();
    let (before, after, all) = world
        .write(move |tx| {
            Box::pin(async move {
                tx.add_organisation(&new).await?;
                let before = tx.organisation(&new.id).await?;
                assert!(tx.set_organisation_name(&new.id, "Renamed", Some("desk@example.org")).await?);
                assert!(tx.set_organisation_policy(&new.id, "{}", "{\"a\":1}").await?);
                Ok((before, tx.organisation(&new.id).await?, tx.organisations().await?))
            })
        })
        .await;
    let expected = OrganisationRow {
        id: id.clone(),
        name: "Example".to_owned(),
        help_contact: None,
        policy: "{}".to_owned(),
        created_at: NOW,
    };
    assert_eq!(before, Some(expected.clone()));
    let expected = OrganisationRow {
        name: "Renamed".to_owned(),
        help_contact: Some("desk@example.org".to_owned()),
        policy: "{\"a\":1}".to_owned(),
        ..expected
    };
    assert_eq!(after, Some(expected.clone()));
    assert_eq!(all, [expected]);
}

#[tokio::test]
async fn a_policy_that_another_administrator_changed_meanwhile_is_not_overwritten() {
    let Some(world) = world().await else { return };
    let new = new_organisation();
    let changed = world.write(move |tx| {
        Box::pin(async move {
            tx.add_organisation(&new).await?;
            let first = tx.set_organisation_policy(&new.id, "{}", "first").await?;
            let second = tx.set_organisation_policy(&new.id, "{}", "second").await?;
            Ok((first, second, tx.organisation(&new.id).await?.unwrap().policy))
        })
    });
    assert_eq!(changed.await, (true, false, "first".to_owned()));
}

#[tokio::test]
async fn an_account_is_added_found_and_changed() {
    let Some(world) = world().await else { return };
    let new = new_account();
    let row = world
        .write({
            let new = new.clone();
            move |tx| {
                Box::pin(async move {
                    tx.add_account(&new).await?;
                    assert!(tx.account_by_username("nobody").await?.is_none());
                    let row = tx.account_by_username(&new.username).await?.unwrap();
                    assert_eq!(tx.account(&new.id).await?.as_ref(), Some(&row));
                    assert!(tx.set_account_email(&new.id, None).await?);
                    assert!(tx.set_account_name(&new.id, "Grace").await?);
                    assert!(tx.set_account_role(&new.id, "administrator").await?);
                    assert!(tx.set_account_language(&new.id, Some("nl")).await?);
                    Ok((row, tx.account(&new.id).await?.unwrap()))
                })
            }
        })
        .await;
    let (before, after) = row;
    assert_eq!((before.id, before.username, before.name), (new.id, new.username, new.name));
    assert_eq!((before.kind.as_str(), before.role.as_str()), ("work", "member"));
    assert_eq!((before.email, before.language, before.expect_until), (new.email, None, None));
    assert_eq!((before.organisation_id, before.created_at, before.disabled_at), (None, NOW, None));
    assert_eq!((after.email, after.name.as_str()), (None, "Grace"));
    assert_eq!((after.role.as_str(), after.language.as_deref()), ("administrator", Some("nl")));
}

#[tokio::test]
async fn accounts_are_listed_by_user_name_a_page_at_a_time() {
    let Some(world) = world().await else { return };
    let organisation = new_organisation();
    let pages = world.write(move |tx| {
        Box::pin(async move {
            tx.add_organisation(&organisation).await?;
            for username in ["cleo", "ada", "bob", "dee"] {
                let mut new = new_account();
                new.username = username.to_owned();
                new.organisation_id = (username != "bob").then(|| organisation.id.clone());
                tx.add_account(&new).await?;
            }
            let all = tx.accounts(None, "", 3).await?;
            let rest = tx.accounts(None, "cleo", 3).await?;
            let own = tx.accounts(Some(&organisation.id), "ada", 10).await?;
            Ok([all, rest, own].map(|page| page.into_iter().map(|row| row.username).collect::<Vec<_>>()))
        })
    });
    assert_eq!(pages.await, [vec!["ada", "bob", "cleo"], vec!["dee"], vec!["cleo", "dee"]]);
}

#[tokio::test]
async fn the_administrators_of_an_organisation_are_those_who_are_not_disabled() {
    let Some(world) = world().await else { return };
    let (organisation, other) = (new_organisation(), new_organisation());
    let names = world.write(move |tx| {
        Box::pin(async move {
            for of in [&organisation, &other] {
                tx.add_organisation(of).await?;
                for (name, role) in [("ada", "owner"), ("ben", "administrator"), ("cat", "member"), ("dan", "owner")] {
                    let mut new = new_account();
                    new.username = format!("{name}@{}", of.id);
                    new.organisation_id = Some(of.id.clone());
                    new.role = role.to_owned();
                    tx.add_account(&new).await?;
                    if name == "dan" {
                        assert!(tx.disable_account(&new.id, at(1)).await?);
                    }
                }
            }
            let found = tx.administrators_of(&organisation.id).await?.into_iter().map(|row| row.username);
            Ok((found.collect::<Vec<_>>(), organisation.id))
        })
    });
    let (names, id) = names.await;
    assert_eq!(names, [format!("ada@{id}"), format!("ben@{id}")]);
}

#[tokio::test]
async fn an_account_is_disabled_and_enabled_once() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let done = world.write(move |tx| {
        Box::pin(async move {
            let disabled = (tx.disable_account(&account, at(1)).await?, tx.disable_account(&account, at(2)).await?);
            let since = tx.account(&account).await?.unwrap().disabled_at;
            let enabled = (tx.enable_account(&account).await?, tx.enable_account(&account).await?);
            Ok((disabled, since, enabled, tx.account(&account).await?.unwrap().disabled_at))
        })
    });
    assert_eq!(done.await, ((true, false), Some(at(1)), (true, false), None));
}

#[tokio::test]
async fn a_sign_in_that_was_announced_counts_once_and_in_time() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let done = world.write(move |tx| {
        Box::pin(async move {
            let unannounced = tx.use_expectation(&account, at(0)).await?;
            assert!(tx.expect_sign_in(&account, at(120)).await?);
            let late = tx.use_expectation(&account, at(120)).await?;
            let once = tx.use_expectation(&account, at(119)).await?;
            let twice = tx.use_expectation(&account, at(119)).await?;
            Ok((unannounced, late, once, twice))
        })
    });
    assert_eq!(done.await, (false, false, true, false));
}

#[tokio::test]
async fn a_setting_that_may_be_set_once_keeps_its_first_value() {
    let Some(world) = world().await else { return };
    let done = world.write(move |tx| {
        Box::pin(async move {
            let first = tx.add_setting("a", "1").await?;
            let second = tx.add_setting("a", "2").await?;
            let kept = tx.setting("a").await?;
            tx.set_setting("a", "3").await?;
            Ok((first, second, kept, tx.setting("a").await?))
        })
    });
    assert_eq!(done.await, (true, false, Some("1".to_owned()), Some("3".to_owned())));
}

#[tokio::test]
async fn a_session_is_read_with_its_account_and_organisation() {
    let Some(world) = world().await else { return };
    let organisation = new_organisation();
    let mut account = new_account();
    account.organisation_id = Some(organisation.id.clone());
    let session = new_session(&account.id);
    let read = world.write(move |tx| {
        Box::pin(async move {
            tx.add_organisation(&organisation).await?;
            tx.add_account(&account).await?;
            tx.add_session(&session).await?;
            let together = tx.session_by_token(&session.token_hash, NOW).await?.map(|(_, of, home)| (of, home));
            Ok((together, tx.account(&account.id).await?.unwrap(), tx.organisation(&organisation.id).await?))
        })
    });
    let (together, account, organisation) = read.await;
    assert!(organisation.is_some());
    assert_eq!(together, Some((account, organisation)));
}
