//! Several accounts on one phone.

use crate::support::{
    chromium::{Chromium, steps::start_sign_in},
    desk::{Desk, PIN},
};

const PIN_OF_BEN: &str = "730516";

/// Each account's phone and key as the browser keeps them.
const KEPT: &str = "new Promise((resolve) => {
    indexedDB.open('akkoord').onsuccess = ({ target: { result: database } }) => {
        const all = database.transaction('kv').objectStore('kv').getAll(IDBKeyRange.bound('account/', 'account/~'));
        all.onsuccess = () => { database.close(); resolve(all.result); };
    };
}).then((all) => Promise.all(all.map(async ({ account, key, pin, codes }) => {
    const signed = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, new Uint8Array(1)));
    const out = [key, codes.key].map((one) => crypto.subtle.exportKey('jwk', one).then(() => 'out', () => 'kept'));
    return { who: account.username, wrapped: pin.wrapped, signs: signed.length, out: (await Promise.all(out)).join() };
})))";

#[tokio::test]
async fn two_accounts_on_one_phone_keep_to_themselves() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let ben = desk.app.personal_account("ben").await;
    desk.with_pin().await;
    let link = desk.offer_to(&ben).await;
    desk.accept(&link).await;
    desk.choose(PIN_OF_BEN).await;
    desk.finish_adding().await;

    // Keys of their own, which no script can carry away.
    let kept = desk.phone.eval(KEPT).await;
    let kept = kept.as_array().unwrap();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.iter().all(|one| one["signs"] == 64 && one["out"] == "kept,kept"), "{kept:?}");
    assert_ne!(kept[0]["wrapped"], kept[1]["wrapped"]);
    assert_ne!(desk.phone_of(&desk.ada).await.key, desk.phone_of(&ben).await.key);

    // From one account's code to the other's.
    desk.shows_code_of(&desk.ada).await;
    desk.shows_code_of(&ben).await;
    for account in [&desk.ada, &ben, &desk.ada] {
        desk.phone.tap(&account.username).await;
        desk.phone.until("document.querySelector('.big-code') !== null").await;
        desk.shows_code_of(account).await;
        desk.phone.tap("Back").await;
        desk.phone.heading("Accounts").await;
    }

    // Both are asked at once. The list warns, and each is answered under its own account, with its own PIN.
    desk.phone.open("about:blank").await;
    let number_of_ada = start_sign_in(&desk.laptop, &desk.ada.username).await;
    let second = chromium.profile().await.window(&desk.app.app.config.public_url).await;
    let number_of_ben = start_sign_in(&second, &ben.username).await;
    desk.phone.open("/app/").await;
    desk.phone.says("Several requests wait").await;
    desk.settle().await;
    desk.tap_for(&ben.username, "Is this you?").await;
    desk.phone.says(&ben.username).await;
    desk.settle().await;
    desk.type_number(&number_of_ben).await;
    desk.phone.tap("Approve").await;
    desk.type_pin(PIN).await;
    desk.phone.says("Wrong PIN. 4 tries left.").await;
    desk.type_pin(PIN_OF_BEN).await;
    desk.phone.heading("Approved").await;
    // A personal account may stay signed in, and is asked.
    second.at("/signin/stay").await;
    second.press("button[value=no]").await;
    second.at("/account").await;
    assert_eq!(second.attribute("h1", "data-username").await, ben.username);
    assert_eq!(desk.laptop.path().await, "/signin/approve", "ada's waits");
    desk.settle().await;
    desk.tap_for("Look at the next request", "Is this you?").await;
    desk.phone.says(&desk.ada.username).await;
    desk.settle().await;
    desk.approve(&number_of_ada).await;
    desk.laptop.at("/account").await;
    assert_eq!(desk.laptop.attribute("h1", "data-username").await, desk.ada.username);
    desk.laptop.press(".top .quiet").await;
    desk.done().await;

    // One leaves, the other stays as it was.
    desk.phone.heading("Accounts").await;
    desk.phone.tap(&ben.username).await;
    desk.phone.tap("Remove this account").await;
    desk.phone.tap("Remove").await;
    desk.phone.heading("Accounts").await;
    desk.phone.until(&format!("!document.body.innerText.includes('{}')", ben.username)).await;
    desk.shows_code_of(&desk.ada).await;
    let number = desk.ask().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    chromium.finish().await;
}
