//! Phones: the keys of one account in one installation of an authenticator.
//!
//! The public keys of a row carry a MAC over the row's id, its account and all of its keys. It is set by every change
//! here and checked by every read, so that somebody who can only write to the database cannot put a key of their own in.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, PhoneId},
};

use crate::{
    account::{AccountRow, account, account_columns},
    error::{Constraint, StoreError},
    organisation::{OrganisationRow, organisation, organisation_columns},
    params,
    row::Row,
    seal::{Purpose, Seal, Sealed},
    tx::Tx,
};

/// A phone to add.
#[derive(Clone, Debug)]
pub struct NewPhone {
    /// Its id, from the enrolment.
    pub id: PhoneId,
    /// The account whose keys it holds.
    pub account_id: AccountId,
    /// What the person calls it.
    pub name: String,
    /// The kind of machine, a word of the protocol.
    pub platform: String,
    /// `K_dev`, the public key of its messages: a JWK.
    pub key: String,
    /// The platform authenticator's credential, JSON, where it has one.
    pub webauthn: Option<String>,
    /// `K_pin`, the public key behind its PIN: a JWK, where it has one.
    pub pin_key: Option<String>,
    /// The key that hardens its PIN, sealed for [`Place::PhoneOprfKey`](crate::Place::PhoneOprfKey).
    pub oprf_key: Sealed,
    /// The public half of it.
    pub voprf: String,
    /// How many PIN tries it has.
    pub pin_left: i64,
    /// Set where policy wants a PIN of the app besides the platform authenticator.
    pub app_pin_at: Option<Timestamp>,
    /// Set where it may sign in alone, without a password.
    pub phone_sign_in_at: Option<Timestamp>,
    /// The secret of the account's verification codes on it, sealed for
    /// [`Place::PhoneCodeSecret`](crate::Place::PhoneCodeSecret).
    pub code_secret: Option<Sealed>,
    /// When it was enrolled.
    pub created_at: Timestamp,
}

/// A phone, as stored, its keys proven to be those that we stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneRow {
    /// Its id.
    pub id: PhoneId,
    /// The account whose keys it holds.
    pub account_id: AccountId,
    /// What the person calls it.
    pub name: String,
    /// The kind of machine, a word of the protocol.
    pub platform: String,
    /// `K_dev`, a JWK.
    pub key: String,
    /// The `K_dev` before the last rotation.
    pub previous_key: Option<String>,
    /// The message that rotated it, to know a repeated one.
    pub rotation: Option<String>,
    /// The platform authenticator's credential, JSON.
    pub webauthn: Option<String>,
    /// `K_pin`, a JWK.
    pub pin_key: Option<String>,
    /// The key that hardens its PIN, sealed; gone once the phone is revoked.
    pub oprf_key: Option<Sealed>,
    /// The public half of it.
    pub voprf: String,
    /// How many PIN tries it has left.
    pub pin_left: i64,
    /// Set where policy wants a PIN of the app besides the platform authenticator.
    pub app_pin_at: Option<Timestamp>,
    /// Set where it may sign in alone.
    pub phone_sign_in_at: Option<Timestamp>,
    /// Set where the person wants no notifications.
    pub notifications_off_at: Option<Timestamp>,
    /// Set where the person asked for notifications of sign-ins from unknown browsers again.
    pub unknown_browsers_at: Option<Timestamp>,
    /// The secret of its verification codes, sealed; gone once the phone is revoked.
    pub code_secret: Option<Sealed>,
    /// When it was enrolled.
    pub created_at: Timestamp,
    /// When it was last heard of, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was removed.
    pub revoked_at: Option<Timestamp>,
    /// Who removed it: `self`, `user` or `administrator`.
    pub revoked_by: Option<String>,
    key_mac: Vec<u8>,
}

/// The keys under one row MAC.
struct Keys<'k> {
    id: &'k PhoneId,
    account_id: &'k AccountId,
    key: &'k str,
    previous_key: Option<&'k str>,
    webauthn: Option<&'k str>,
    pin_key: Option<&'k str>,
}

macro_rules! columns {
    () => {
        "p.id, p.account_id, p.name, p.platform, p.key, p.previous_key, p.rotation, p.webauthn, p.pin_key, p.oprf_key, \
         p.voprf, p.pin_left, p.app_pin_at, p.phone_sign_in_at, p.notifications_off_at, p.unknown_browsers_at, \
         p.code_secret, p.created_at, p.last_used_at, p.revoked_at, p.revoked_by, p.key_mac"
    };
}

/// How many columns that are.
const COLUMNS: usize = 22;

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM phones p ", $rest)
    };
}

impl Tx {
    /// Adds a phone. A key that is a phone's already, also a removed one's, is [`Constraint::PhoneKey`].
    pub async fn add_phone(&mut self, new: &NewPhone) -> Result<(), StoreError> {
        let keys = Keys {
            id: &new.id,
            account_id: &new.account_id,
            key: &new.key,
            previous_key: None,
            webauthn: new.webauthn.as_deref(),
            pin_key: new.pin_key.as_deref(),
        };
        let mac = keys.mac(self.seal());
        let sql = "INSERT INTO phones (id, account_id, name, platform, key, webauthn, pin_key, key_mac, oprf_key, voprf, \
                   pin_left, app_pin_at, phone_sign_in_at, code_secret, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (key) DO NOTHING";
        let params = params![
            &new.id,
            &new.account_id,
            &new.name,
            &new.platform,
            &new.key,
            new.webauthn.as_deref(),
            new.pin_key.as_deref(),
            &mac,
            &new.oprf_key,
            &new.voprf,
            new.pin_left,
            new.app_pin_at,
            new.phone_sign_in_at,
            new.code_secret.as_ref(),
            new.created_at,
        ];
        if self.changed(sql, params).await? { Ok(()) } else { Err(StoreError::Conflict(Constraint::PhoneKey)) }
    }

    /// Whether a key is another phone's, or was that before its last rotation; also a removed phone's.
    pub async fn is_key_of_another_phone(&mut self, id: &PhoneId, key: &str) -> Result<bool, StoreError> {
        let sql = "SELECT id FROM phones WHERE (key = $2 OR previous_key = $2) AND id <> $1";
        Ok(self.query_opt(sql, params![id, key]).await?.is_some())
    }

    /// A phone, also a removed one: it has to be told so.
    pub async fn phone(&mut self, id: &PhoneId) -> Result<Option<PhoneRow>, StoreError> {
        let row = self.query_opt(select!("WHERE id = $1"), params![id]).await?;
        row.map(|row| phone(&row, self.seal())).transpose()
    }

    /// The phones of an account that aren't removed, oldest first.
    pub async fn phones_of(&mut self, account: &AccountId) -> Result<Vec<PhoneRow>, StoreError> {
        let sql = select!("WHERE account_id = $1 AND revoked_at IS NULL ORDER BY created_at, id");
        let rows = self.query_all(sql, params![account]).await?;
        rows.iter().map(|row| phone(row, self.seal())).collect()
    }

    /// A phone, also a removed one, with its account and organisation: one statement, because every call of a phone asks
    /// it.
    pub async fn phone_with_account(
        &mut self,
        id: &PhoneId,
    ) -> Result<Option<(PhoneRow, AccountRow, Option<OrganisationRow>)>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", ",
            account_columns!(),
            ", ",
            organisation_columns!(),
            " FROM phones p JOIN accounts a ON a.id = p.account_id LEFT JOIN organisations o ON o.id = a.organisation_id \
             WHERE p.id = $1"
        );
        let Some(mut row) = self.query_opt(sql, params![id]).await? else { return Ok(None) };
        let mut of_account = row.split_off(COLUMNS);
        let of_organisation = of_account.split_off_joined(crate::account::COLUMNS);
        let organisation = of_organisation.as_ref().map(organisation).transpose()?;
        Ok(Some((phone(&row, self.seal())?, account(&of_account)?, organisation)))
    }

    /// The phones of an account that were removed, newest first.
    pub async fn removed_phones_of(&mut self, account: &AccountId, limit: i64) -> Result<Vec<PhoneRow>, StoreError> {
        let sql = select!("WHERE account_id = $1 AND revoked_at IS NOT NULL ORDER BY revoked_at DESC, id LIMIT $2");
        let rows = self.query_all(sql, params![account, limit]).await?;
        rows.iter().map(|row| phone(row, self.seal())).collect()
    }

    /// Renames a phone.
    pub async fn rename_phone(&mut self, id: &PhoneId, name: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET name = $2 WHERE id = $1 AND revoked_at IS NULL";
        self.changed(sql, params![id, name]).await
    }

    /// Lets a phone sign in alone, or not.
    pub async fn set_phone_sign_in(&mut self, id: &PhoneId, since: Option<Timestamp>) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET phone_sign_in_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        self.changed(sql, params![id, since]).await
    }

    /// Silences a phone, or not.
    pub async fn set_notifications_off(&mut self, id: &PhoneId, since: Option<Timestamp>) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET notifications_off_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        self.changed(sql, params![id, since]).await
    }

    /// Lets a phone ring for sign-ins from unknown browsers again, or not.
    pub async fn set_unknown_browsers(&mut self, id: &PhoneId, since: Option<Timestamp>) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET unknown_browsers_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        self.changed(sql, params![id, since]).await
    }

    /// Sets or clears that the app's own PIN is wanted.
    pub async fn set_app_pin(&mut self, id: &PhoneId, since: Option<Timestamp>) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET app_pin_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        self.changed(sql, params![id, since]).await
    }

    /// Removes a phone of an account and forgets its secrets. The same transaction then revokes its requests and ends
    /// its sessions, in this order.
    pub async fn revoke_phone(
        &mut self,
        id: &PhoneId,
        account: &AccountId,
        now: Timestamp,
        by: &str,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET revoked_at = $3, revoked_by = $4, oprf_key = NULL, code_secret = NULL \
                   WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL";
        self.changed(sql, params![id, account, now, by]).await
    }

    /// Takes one PIN try and returns how many are left; `None` where there was none to take. Asked before the evaluation,
    /// so that a hundred at once get five.
    pub async fn take_pin_try(&mut self, id: &PhoneId) -> Result<Option<i64>, StoreError> {
        let sql = "UPDATE phones SET pin_left = pin_left - 1 WHERE id = $1 AND pin_left > 0 AND revoked_at IS NULL \
                   RETURNING pin_left";
        self.query_opt(sql, params![id]).await?.map(|row| row.get(0)).transpose()
    }

    /// Gives the PIN tries back, after evidence that the PIN was right.
    pub async fn restore_pin_tries(&mut self, id: &PhoneId, tries: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET pin_left = $2 WHERE id = $1 AND revoked_at IS NULL";
        self.changed(sql, params![id, tries]).await
    }

    /// Keeps that a phone was heard of; at most once a minute, because every call would write otherwise.
    pub async fn touch_phone(&mut self, id: &PhoneId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE phones SET last_used_at = $2 \
                   WHERE id = $1 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at <= $3)";
        self.changed(sql, params![id, now, now - crate::session::TOUCH_INTERVAL]).await
    }

    /// Exchanges a phone's `K_dev`, if its keys still are those of `phone`. A key that is another phone's is
    /// [`Constraint::PhoneKey`].
    pub async fn rotate_phone_key(&mut self, phone: &PhoneRow, key: &str, rotation: &str) -> Result<bool, StoreError> {
        let mac = Keys { key, previous_key: Some(&phone.key), ..phone.keys() }.mac(self.seal());
        let sql = "UPDATE phones SET key = $2, previous_key = $3, rotation = $4, key_mac = $5 \
                   WHERE id = $1 AND key_mac = $6 AND revoked_at IS NULL";
        let params = params![&phone.id, key, &phone.key, rotation, &mac, phone.key_mac.as_slice()];
        self.changed(sql, params).await.map_err(|error| match error {
            // No other unique index covers what is written here.
            StoreError::Conflict(Constraint::Unique) => StoreError::Conflict(Constraint::PhoneKey),
            error => error,
        })
    }

    /// Exchanges a phone's `K_pin`, if its keys still are those of `phone`.
    pub async fn replace_pin_key(&mut self, phone: &PhoneRow, pin_key: &str) -> Result<bool, StoreError> {
        let mac = Keys { pin_key: Some(pin_key), ..phone.keys() }.mac(self.seal());
        let sql = "UPDATE phones SET pin_key = $2, key_mac = $3 WHERE id = $1 AND key_mac = $4 AND revoked_at IS NULL";
        self.changed(sql, params![&phone.id, pin_key, &mac, phone.key_mac.as_slice()]).await
    }

    /// Keeps a phone's credential with its new counter, if its keys still are those of `phone`. Returns the phone as it
    /// is now.
    pub async fn replace_webauthn(&mut self, phone: &PhoneRow, webauthn: &str) -> Result<Option<PhoneRow>, StoreError> {
        let mac = Keys { webauthn: Some(webauthn), ..phone.keys() }.mac(self.seal());
        let sql = "UPDATE phones SET webauthn = $2, key_mac = $3 WHERE id = $1 AND key_mac = $4 AND revoked_at IS NULL";
        let changed = self.changed(sql, params![&phone.id, webauthn, &mac, phone.key_mac.as_slice()]).await?;
        let now = || PhoneRow { webauthn: Some(webauthn.to_owned()), key_mac: mac.to_vec(), ..phone.clone() };
        Ok(changed.then(now))
    }
}

impl PhoneRow {
    fn keys(&self) -> Keys<'_> {
        Keys {
            id: &self.id,
            account_id: &self.account_id,
            key: &self.key,
            previous_key: self.previous_key.as_deref(),
            webauthn: self.webauthn.as_deref(),
            pin_key: self.pin_key.as_deref(),
        }
    }
}

impl Keys<'_> {
    fn mac(&self, seal: &Seal) -> [u8; 32] {
        seal.mac(Purpose::PhoneKeys, &self.parts())
    }

    fn are_ours(&self, seal: &Seal, mac: &[u8]) -> bool {
        seal.mac_is(Purpose::PhoneKeys, &self.parts(), mac)
    }

    /// An absent key is an empty part, which no key is.
    fn parts(&self) -> [&[u8]; 6] {
        [
            self.id.as_str().as_bytes(),
            self.account_id.as_str().as_bytes(),
            self.key.as_bytes(),
            self.previous_key.unwrap_or("").as_bytes(),
            self.webauthn.unwrap_or("").as_bytes(),
            self.pin_key.unwrap_or("").as_bytes(),
        ]
    }
}

fn phone(row: &Row, seal: &Seal) -> Result<PhoneRow, StoreError> {
    let phone = PhoneRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        name: row.get(2)?,
        platform: row.get(3)?,
        key: row.get(4)?,
        previous_key: row.get(5)?,
        rotation: row.get(6)?,
        webauthn: row.get(7)?,
        pin_key: row.get(8)?,
        oprf_key: row.get(9)?,
        voprf: row.get(10)?,
        pin_left: row.get(11)?,
        app_pin_at: row.get(12)?,
        phone_sign_in_at: row.get(13)?,
        notifications_off_at: row.get(14)?,
        unknown_browsers_at: row.get(15)?,
        code_secret: row.get(16)?,
        created_at: row.get(17)?,
        last_used_at: row.get(18)?,
        revoked_at: row.get(19)?,
        revoked_by: row.get(20)?,
        key_mac: row.get(21)?,
    };
    if phone.keys().are_ours(seal, &phone.key_mac) {
        Ok(phone)
    } else {
        Err(StoreError::Corrupt { table: "phones".to_owned(), column: "key_mac".to_owned(), id: phone.id.to_string() })
    }
}
