//! Passkeys and security keys, with the soft authenticator of the phones (threat T-UV-2).

use akkoord_protocols::{
    bytes::encode,
    jose::SigningKey,
    webauthn::{Asserted, Claim, Kind, Person, RelyingParty, StoredCredential, WebauthnError},
};
use serde_json::json;

use crate::{
    vectors::key,
    webauthn::{AT, CHALLENGE, ORIGIN as PHONES_ORIGIN, Says, UP, UP_UV, create, der, es256, get},
};

const ORIGIN: &str = "https://login.example.org";
const RP_ID: &str = "login.example.org";
const HANDLE: &[u8] = b"an account";
/// Backup eligible, and backed up.
const BE: u8 = 0b0000_1000;
const BS: u8 = 0b0001_0000;

fn party() -> RelyingParty {
    RelyingParty::new(&[ORIGIN.parse().unwrap()]).unwrap()
}

fn at_login(says: Says) -> Says {
    Says { origin: ORIGIN, rp_id: RP_ID, ..says }
}

fn added(kind: Kind, flags: u8) -> (SigningKey, StoredCredential) {
    let device = key("device").unwrap();
    let says = Says { flags: flags | AT, ..at_login(create()) };
    let stored = party().add(kind, &CHALLENGE, &says.registration(&es256(&device))).unwrap();
    (device, StoredCredential::from_text(&stored.to_text().unwrap()).unwrap())
}

fn assert(device: &SigningKey, stored: &StoredCredential, says: Says) -> Result<Asserted, WebauthnError> {
    party().assert(stored, &CHALLENGE, &at_login(says).assertion(der(device)))
}

fn verified(device: &SigningKey, stored: &StoredCredential, flags: u8) -> bool {
    assert(device, stored, Says { flags, ..get() }).unwrap().user_verified
}

#[test]
fn a_passkey_verifies_its_user_when_it_is_added_and_each_time_that_it_counts_for_two() {
    let device = key("device").unwrap();
    let touched = Says { flags: UP | AT, ..at_login(create()) }.registration(&es256(&device));
    assert!(matches!(party().add(Kind::Passkey, &CHALLENGE, &touched), Err(WebauthnError::Refused(_))));
    let (device, passkey) = added(Kind::Passkey, UP_UV);
    assert!(verified(&device, &passkey, UP_UV));
    assert!(!verified(&device, &passkey, UP), "good as something that one has, and for no more");
}

#[test]
fn a_security_key_that_was_added_by_a_touch_never_counts_as_verified() {
    let (device, stored) = added(Kind::SecurityKey, UP);
    assert!(!verified(&device, &stored, UP));
    assert!(!verified(&device, &stored, UP_UV), "it may have got a PIN since");
    assert!(assert(&device, &stored, Says { flags: 0, ..get() }).is_err(), "nobody touched it");
}

#[test]
fn an_assertion_says_whose_it_is_before_it_is_checked() {
    let (device, stored) = added(Kind::Passkey, UP_UV);
    let assertion = |handle| at_login(Says { handle, ..get() }).assertion(der(&device));
    let claim = |handle| RelyingParty::claim(&assertion(handle)).unwrap();
    let own = stored.handle();
    assert_eq!(claim(Some(HANDLE)), Claim { credential: own.clone(), handle: Some(HANDLE.to_vec()) });
    assert_eq!(claim(None), Claim { credential: own, handle: None });
    for value in [json!(null), json!({}), json!("x"), json!({ "id": "x", "response": {} })] {
        assert!(matches!(RelyingParty::claim(&value), Err(WebauthnError::Form)));
    }
}

/// T-UV-2: what signs for the phones' name signs nobody in, and the reverse; nor does a challenge of the one fit the other.
#[test]
fn t_uv_2_the_phones_name_and_the_sign_in_are_two_relying_parties() {
    let (device, stored) = added(Kind::Passkey, UP_UV);
    let refused = |says: Says| {
        let assertion = says.assertion(der(&device));
        assert!(matches!(party().assert(&stored, &CHALLENGE, &assertion), Err(WebauthnError::Refused(_))));
    };
    refused(get());
    refused(Says { origin: ORIGIN, ..get() });
    refused(Says { rp_id: RP_ID, ..get() });
    refused(at_login(Says { challenge: [8; 32], ..get() }));
    refused(at_login(Says { cross_origin: json!(true), ..get() }));
    refused(at_login(Says { kind: "webauthn.create", ..get() }));
    refused(Says { origin: "https://login.example.org:8443", ..at_login(get()) });
    refused(Says { origin: "https://x.login.example.org", ..at_login(get()) });
    refused(Says { origin: "http://login.example.org", ..at_login(get()) });
    let phones = RelyingParty::new(&[PHONES_ORIGIN.parse().unwrap()]).unwrap();
    let assertion = at_login(get()).assertion(der(&device));
    assert!(matches!(phones.verify(&stored, &CHALLENGE, &assertion), Err(WebauthnError::Refused(_))));
}

#[test]
fn a_counter_that_goes_back_is_a_copys() {
    let (device, stored) = added(Kind::SecurityKey, UP);
    let counted = |stored: &StoredCredential, counter| assert(&device, stored, Says { counter, flags: UP, ..get() });
    let at_seven = counted(&stored, 7).unwrap().credential;
    for back in [7, 6, 0] {
        assert!(matches!(counted(&at_seven, back), Err(WebauthnError::Copied)), "{back}");
    }
    assert!(counted(&at_seven, 8).is_ok());
}

#[test]
fn whether_there_are_copies_elsewhere_is_kept_as_it_changes() {
    let (device, stored) = added(Kind::Passkey, UP_UV | BE);
    assert!(!stored.is_backed_up());
    let now = assert(&device, &stored, Says { flags: UP_UV | BE | BS, ..get() }).unwrap().credential;
    assert!(now.is_backed_up());
    assert!(assert(&device, &now, get()).is_err(), "what may be copied stays so");
}

#[test]
fn the_options_ask_for_what_is_checked_and_name_nobody_before_a_password() {
    let (_, stored) = added(Kind::Passkey, UP_UV);
    let person = Person { handle: HANDLE, name: "ada@example.org", display_name: "Ada" };
    let to_add = |kind| party().options_to_add(kind, person, &CHALLENGE, std::slice::from_ref(&stored));
    let passkey = to_add(Kind::Passkey);
    assert_eq!((&passkey["rp"]["id"], &passkey["attestation"]), (&json!(RP_ID), &json!("none")));
    assert_eq!(passkey["user"]["id"], encode(HANDLE));
    assert_eq!(passkey["challenge"], encode(&CHALLENGE));
    assert_eq!(passkey["excludeCredentials"], json!([{ "type": "public-key", "id": stored.handle() }]));
    let selection = &passkey["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&json!("required"), &json!("required")));
    let selection = &to_add(Kind::SecurityKey)["authenticatorSelection"];
    assert_eq!(selection["authenticatorAttachment"], "cross-platform");
    let anybody = party().options_to_assert(&CHALLENGE, &[]);
    let wanted = json!({
        "challenge": encode(&CHALLENGE), "rpId": RP_ID, "timeout": 120_000, "allowCredentials": [],
        "userVerification": "required",
    });
    assert_eq!(anybody, wanted);
    let after = party().options_to_assert(&CHALLENGE, &[stored]);
    assert_eq!(
        (after["allowCredentials"].as_array().unwrap().len(), &after["userVerification"]),
        (1, &json!("discouraged"))
    );
}
