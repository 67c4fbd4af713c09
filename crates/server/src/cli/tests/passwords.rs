//! Passwords that operators set, and what a restore does with them.

use super::*;

#[tokio::test]
async fn a_password_is_set_by_an_operator_changed_once_more_and_removed() {
    let folder = Folder::new("password");
    let global = Global { config: Some(folder.0.join("akkoord.toml")), output: Output::new(true) };
    let setup = || folder.set_up();
    std::thread::scope(|scope| scope.spawn(setup).join()).unwrap();
    let set = async |typed| password::set(&global, "Ada@example.org", typed).await;
    for (typed, wanted) in [
        ("tulp Oslo kraa", "15 characters or more"),
        ("passwordpassword", "many people use"),
        ("ada@example.org", "the user name"),
        ("Example School 2026", "the organisation"),
        ("", "is empty"),
    ] {
        let error = set(typed).await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        assert!(typed.is_empty() || !error.contains(typed), "{error}");
    }
    set("tulp Oslo kraan").await.unwrap();
    set("kraan Oslo tulp").await.unwrap();
    assert!(password::set(&global, "eve", "tulp Oslo kraan").await.is_err());
    let store = folder.store().await;
    let (kept, events) = store
        .read(|tx| {
            Box::pin(async move {
                let row = tx.account_by_username("ada@example.org").await?.unwrap();
                let events = tx.audit_events(&AuditFilter::default(), 50).await?;
                Ok::<_, StoreError>((tx.password(&row.id).await?, events))
            })
        })
        .await
        .unwrap();
    assert!(kept.unwrap().must_change_at.is_some());
    let set = events.iter().filter(|event| event.event == Event::PasswordSet.as_str());
    assert_eq!(set.count(), 2);
    store.close().await;
    password::remove(&global, "ada@example.org").await.unwrap();
    password::remove(&global, "ada@example.org").await.unwrap();
}

#[test]
fn a_password_that_was_given_up_after_the_backup_does_not_come_back() {
    let folder = Folder::new("restored-password");
    folder.set_up();
    for name in ["ben", "cat"] {
        assert_eq!(folder.code(&["account", "add", name, "--name", name]), 0);
    }
    let global = Global { config: Some(folder.0.join("akkoord.toml")), output: Output::new(true) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let set = |name, typed| runtime.block_on(password::set(&global, name, typed)).unwrap();
    let hashes = || {
        runtime.block_on(async {
            let store = folder.store().await;
            let read = store.read(|tx| {
                Box::pin(async move {
                    let mut hashes = Vec::new();
                    for name in ["ada@example.org", "ben", "cat"] {
                        let id = tx.account_by_username(name).await?.unwrap().id;
                        hashes.push(tx.password(&id).await?.map(|row| row.hash));
                    }
                    Ok::<_, StoreError>(hashes)
                })
            });
            let hashes = read.await.unwrap();
            store.close().await;
            hashes
        })
    };
    set("ada@example.org", "known to somebody else");
    set("ben", "known to somebody else");
    let (backup, before) = (folder.file("backup.db"), hashes());
    assert_eq!(folder.code(&["backup", &backup]), 0);
    set("ada@example.org", "another one of mine");
    assert_eq!(folder.code(&["account", "remove-password", "ben"]), 0);
    set("cat", "the first one of mine");
    let wanted = hashes();
    assert!(before[0].is_some() && wanted[0] != before[0] && wanted[1].is_none() && wanted[2].is_some());
    assert_eq!(folder.code(&["restore", &backup]), 0);
    assert_eq!(hashes(), wanted);
}

#[test]
fn an_operator_ends_the_wait_after_wrong_passwords_and_codes() {
    let folder = Folder::new("waits");
    folder.set_up();
    let global = Global { config: Some(folder.0.join("akkoord.toml")), output: Output::new(true) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(password::set(&global, "ada@example.org", "known to nobody else")).unwrap();
    let waits = |change: bool| {
        runtime.block_on(async {
            let store = folder.store().await;
            let read = store.write(move |tx| {
                Box::pin(async move {
                    let (id, now) =
                        (tx.account_by_username("ada@example.org").await?.unwrap().id, opened::operator_ctx().now);
                    if change {
                        let until = now + std::time::Duration::from_secs(600);
                        assert!(tx.count_password_try(&id, 0, until, now).await?);
                        let read = tx.code_tries(&id).await?;
                        assert!(tx.count_code_try(&id, read, until, now).await?);
                    }
                    let (password, codes) = (tx.password(&id).await?.unwrap(), tx.code_tries(&id).await?);
                    let failures = (password.failures, codes.failures);
                    Ok::<_, StoreError>((password.waits_until > now, codes.wait_until > now, failures))
                })
            });
            let waits = read.await.unwrap();
            store.close().await;
            waits
        })
    };
    assert_eq!(waits(true), (true, true, (1, 1)));
    assert_eq!(folder.code(&["account", "unlock", "ada@example.org"]), 0);
    assert_eq!(waits(false), (false, false, (0, 0)));
}

#[test]
fn a_password_is_one_line_of_standard_input() {
    for (input, wanted) in [("a b \n", "a b "), ("a\r\n", "a"), ("a", "a"), ("a\nb\n", "a\nb"), ("", "")] {
        assert_eq!(*password::first_line(input.as_bytes()).unwrap(), wanted);
    }
    assert!(password::first_line(std::io::repeat(b'x')).unwrap().len() < 10_000);
}
