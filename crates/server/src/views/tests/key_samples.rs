//! The pages of passkeys and security keys in every state.

use akkoord_core::Timestamp;
use akkoord_protocols::webauthn::Kind;

use super::samples::{Samples, USERNAME};
use crate::views::credential::{
    AddCredential, AddError, Credential, KeyError, PasskeyPage, RemoveCredential, SecurityKeyPage,
};
use crate::views::frame::Frame;

pub(super) fn credentials(added_at: Timestamp, last_used_at: Option<Timestamp>) -> Vec<Credential<'static>> {
    vec![
        Credential { id: "k1", name: "Ada's laptop", kind: Kind::Passkey, backed_up: true, added_at, last_used_at },
        Credential {
            id: "k2",
            name: "<b>Blue</b> key",
            kind: Kind::SecurityKey,
            backed_up: false,
            added_at,
            last_used_at: None,
        },
    ]
}

pub(super) fn passkeys_and_keys(frame: Frame<'_>, samples: &mut Samples) {
    let errors = [None, Some(KeyError::Refused), Some(KeyError::TooOld), Some(KeyError::TooMany)];
    for error in errors {
        let told = error.map_or("", |error| error.of_passkey());
        samples.add(&format!("passkey-{told}"), PasskeyPage { frame, error, then: Some("add-phone") });
        for (code, phone) in [(true, true), (false, false)] {
            let page = SecurityKeyPage { frame, username: USERNAME, error, code, phone };
            samples.add(&format!("security-key-{told}-{code}"), page);
        }
    }
    let frame = Frame { signed_in_as: Some(USERNAME), return_to: "/account", ..frame };
    let errors =
        [None, Some(AddError::Refused), Some(AddError::TooOld), Some(AddError::Known), Some(AddError::TooMany)];
    for kind in [Kind::Passkey, Kind::SecurityKey] {
        for error in errors {
            let told = error.map_or("", |error| error.key());
            let page = AddCredential { frame, kind, error, name: "<b>Blue</b> key" };
            samples.add(&format!("add-{kind:?}-{told}"), page);
        }
        for last in [false, true] {
            let page = RemoveCredential { frame, id: "k2", name: "<b>Blue</b> key", kind, last };
            samples.add(&format!("remove-{kind:?}-{last}"), page);
        }
    }
}
