//! A browser that deletes what the app kept.

use serde_json::json;

use super::picture;
use crate::support::{
    chromium::Chromium,
    desk::{Desk, PIN},
};

const GONE: &str = "Your accounts are gone from this phone";

/// Takes the key out of each account's record.
const TAKE_KEYS: &str = "new Promise((resolve) => {
    indexedDB.open('akkoord').onsuccess = ({ target: { result: database } }) => {
        const transaction = database.transaction('kv', 'readwrite');
        const store = transaction.objectStore('kv');
        store.openCursor(IDBKeyRange.bound('account/', 'account/~')).onsuccess = ({ target: { result: cursor } }) => {
            if (!cursor) return;
            const { key, ...rest } = cursor.value;
            cursor.update(rest);
            cursor.continue();
        };
        transaction.oncomplete = () => { database.close(); resolve(true); };
    };
})";

impl Desk {
    /// Everything up to a phone that is ready. The laptop stays signed in, as it must add the phone again.
    async fn add(&self, link: &str) {
        self.accept(link).await;
        self.choose_pin().await;
        self.compare_digits().await;
        self.phone.tap("Done").await;
        self.phone.heading("Accounts").await;
        assert!(!self.phone.text().await.contains(GONE));
        self.worker().await;
    }

    /// Deletes such storage of the app's site, as the browser does by itself or as its person asks it to.
    async fn clear(&self, kinds: &str) {
        let wanted = json!({ "origin": self.app.app.config.phone_url, "storageTypes": kinds });
        self.phone.call("Storage.clearDataForOrigin", wanted).await;
    }
}

#[tokio::test]
async fn a_phone_whose_storage_is_cleared_says_what_it_knows_and_starts_anew() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.add(&desk.offer().await).await;
    let (_, number) = desk.app.start(&desk.ada).await;
    desk.show_request().await;
    // The browser makes room, or finds its database damaged, while the app is looked at.
    desk.clear("indexeddb").await;
    desk.type_number(&number).await;
    desk.phone.tap("Approve").await;
    desk.type_pin(PIN).await;
    desk.phone.heading("The keys of this account are gone").await;
    desk.settle().await;
    desk.phone.tap("Add it again").await;
    desk.phone.heading("Add an account").await;
    desk.phone.tap("Back").await;
    desk.phone.says(GONE).await;

    // It happens again while the app is closed. What is left beside the database still knows.
    desk.add(&desk.offer_again().await).await;
    desk.phone.open("about:blank").await;
    desk.clear("indexeddb").await;
    desk.phone.open("/app/").await;
    desk.phone.says(GONE).await;

    // Everything goes: nothing is left to know it by, and the app is as new.
    desk.phone.open("about:blank").await;
    desk.clear("all").await;
    desk.phone.open("/app/").await;
    desk.phone.says("No account on this phone yet").await;
    desk.phone.says("or the browser deleted it").await;
    chromium.finish().await;
}

#[tokio::test]
async fn an_account_whose_key_is_gone_says_so_and_is_set_up_again_in_its_place() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.add(&desk.offer().await).await;
    assert_eq!(desk.phone.eval(TAKE_KEYS).await, true);
    desk.phone.reload().await;
    desk.phone.says("Keys gone").await;
    desk.phone.says("The browser deleted them from this phone. Nobody else has them. Add the account again.").await;
    desk.phone.tap(&desk.ada.username).await;
    desk.phone.says("The keys of this account are gone").await;
    picture(&desk, "app-broken").await;
    desk.phone.tap("Add it again").await;
    desk.phone.heading("Add an account").await;
    desk.phone.open(&desk.offer_again().await).await;
    desk.phone.tap("Set up this phone here").await;
    desk.phone.says("This account is already on this phone. It gets new keys").await;
    desk.phone.fill("Name of this phone", "Ada's Pixel").await;
    desk.phone.tap("Add this account").await;
    desk.choose_pin().await;
    desk.finish_adding().await;
    assert_eq!(desk.phone.eval("document.querySelectorAll('.tile').length").await, 1);
    assert!(!desk.phone.text().await.contains("Keys gone"));
    let number = desk.ask().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    desk.done().await;

    // An account that its person removed is not missed.
    desk.phone.tap(&desk.ada.username).await;
    desk.phone.tap("Remove this account").await;
    desk.phone.tap("Remove").await;
    desk.phone.says("No account on this phone yet").await;
    desk.phone.reload().await;
    desk.phone.says("No account on this phone yet").await;
    assert!(!desk.phone.text().await.contains(GONE));
    chromium.finish().await;
}
