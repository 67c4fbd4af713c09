//! Enrolment under attack (threats T-ENR-2 and T-ENR-4), codes and links.

use akkoord_protocols::{
    bytes::{Bytes, sha256},
    jose::{KeySet, KeyWithId, SigningKey},
    phone::{
        code::TypedCode,
        enrolment::{Digits, Enrol, commitment, webauthn_challenge},
        link::{EnrolmentLink, LinkError, check_api},
        offer::{Offer, OfferError},
    },
};

use crate::vectors::{
    Seeded, drawn, id, key, public,
    sample::{self, API},
};

/// T-ENR-4: a relay puts its own key in the offer and signs with it.
#[test]
fn an_offer_with_a_replaced_key_stops_the_phone() {
    let relay = key("stranger").unwrap();
    let mut offer = sample::offer().unwrap();
    offer.keys = KeySet { keys: vec![KeyWithId::of(relay.public())] };
    let replaced = offer.sign(&relay).unwrap();
    assert_eq!(sample::check_offer(&replaced).unwrap_err(), OfferError::WrongServerKey);
    // Both keys in the list help nothing: the one of the QR code must have signed.
    offer.keys = KeySet { keys: vec![KeyWithId::of(&public("server").unwrap()), KeyWithId::of(relay.public())] };
    assert_eq!(sample::check_offer(&offer.sign(&relay).unwrap()).unwrap_err(), OfferError::WrongServerKey);
}

/// T-ENR-4: a relay claims for itself and passes the offer on. The phone sees that it answers another commitment.
#[test]
fn an_offer_for_another_commitment_stops_the_phone() {
    let server = key("server").unwrap();
    let relay = commitment(&[9; 32], public("stranger").unwrap().thumbprint(), Some(server.public().thumbprint()));
    let offer = Offer { c: relay, ..sample::offer().unwrap() }.sign(&server).unwrap();
    assert_eq!(sample::check_offer(&offer).unwrap_err(), OfferError::WrongCommitment);
}

#[test]
fn an_offer_that_leads_elsewhere_stops_the_phone() {
    let server = key("server").unwrap();
    for api in ["https://phone.example.net", "https://phone.example.org/", "https://phone.example.org:443", ""] {
        let offer = Offer { api: api.to_owned(), ..sample::offer().unwrap() }.sign(&server).unwrap();
        assert_eq!(sample::check_offer(&offer).unwrap_err(), OfferError::WrongAddress, "{api}");
    }
}

/// With a typed code there is no key to compare with; the six digits are the protection, and they cover the key.
#[test]
fn with_a_typed_code_the_digits_show_a_replaced_server_key() {
    let (phone, relay) = (public("phone").unwrap(), key("stranger").unwrap());
    let own = commitment(&drawn("n_d"), phone.thumbprint(), None);
    let mut offer = Offer { c: own, ..sample::offer().unwrap() };
    let honest = offer.sign(&key("server").unwrap()).unwrap();
    let honest = Offer::check(&honest, &own, API, None).unwrap();
    offer.keys = KeySet { keys: vec![KeyWithId::of(relay.public())] };
    let forged = Offer::check(&offer.sign(&relay).unwrap(), &own, API, None).unwrap();
    assert_eq!(forged.server_key, *relay.public());
    let digits = |key: &akkoord_protocols::jose::PublicKey| {
        let n_s = drawn("n_s");
        Digits::derive(&drawn("n_d"), &n_s, phone.thumbprint(), key.thumbprint(), offer.enr.as_str())
    };
    assert_ne!(digits(&honest.server_key).expose(), digits(&forged.server_key).expose());
}

/// T-ENR-4: whoever must commit before the offer cannot choose a key afterwards. Of 1000 keys tried, none opens the
/// commitment, and so none may show its digits; without the commitment about one in a million would have fitted.
#[test]
fn a_key_chosen_after_the_commitment_opens_nothing_and_has_other_digits() {
    let (n_d, n_s) = (drawn("n_d"), drawn("n_s"));
    let (phone, server) = (public("phone").unwrap().thumbprint(), public("server").unwrap().thumbprint());
    let committed = commitment(&n_d, phone, Some(server));
    let enrolment = id("enrolment");
    let shown = Digits::derive(&n_d, &n_s, phone, server, enrolment.as_str());
    let mut same_digits = 0;
    for attempt in 0..1000 {
        let other = public(&format!("grind {attempt}")).unwrap().thumbprint();
        assert_ne!(commitment(&n_d, other, Some(server)), committed);
        same_digits += u32::from(Digits::derive(&n_d, &n_s, other, server, enrolment.as_str()) == shown);
    }
    assert_eq!(same_digits, 0);
}

#[test]
fn the_commitment_covers_each_of_its_parts() {
    let (n_d, phone) = (drawn("n_d"), public("phone").unwrap().thumbprint());
    let (server, other) = (public("server").unwrap().thumbprint(), public("stranger").unwrap().thumbprint());
    let good = commitment(&n_d, phone, Some(server));
    assert_ne!(commitment(&drawn("other"), phone, Some(server)), good);
    assert_ne!(commitment(&n_d, other, Some(server)), good);
    assert_ne!(commitment(&n_d, phone, Some(other)), good);
    assert_ne!(commitment(&n_d, phone, None), good);
    assert_ne!(commitment(&n_d, server, Some(phone)), good);
}

#[test]
fn the_digits_cover_each_of_their_parts() {
    let (n_d, n_s, enr) = (drawn("n_d"), drawn("n_s"), id("enrolment"));
    let (phone, server) = (public("phone").unwrap().thumbprint(), public("server").unwrap().thumbprint());
    let good = Digits::derive(&n_d, &n_s, phone, server, enr.as_str());
    for other in [
        Digits::derive(&n_s, &n_d, phone, server, enr.as_str()),
        Digits::derive(&n_d, &n_d, phone, server, enr.as_str()),
        Digits::derive(&n_d, &n_s, server, phone, enr.as_str()),
        Digits::derive(&n_d, &n_s, phone, phone, enr.as_str()),
        Digits::derive(&n_d, &n_s, phone, server, id("another").as_str()),
    ] {
        assert_ne!(other.expose(), good.expose());
    }
    assert!(
        good.matches(good.expose())
            && good.matches(&good.to_shown())
            && good.matches(&format!(" {} ", good.to_shown()))
    );
    for typed in ["", "0", &good.expose()[1..], &format!("{}0", good.expose()), "abcdef"] {
        assert!(!good.matches(typed), "{typed}");
    }
    assert_eq!(format!("{good:?}"), "[redacted]");
    // What a damaged row may hold is shown as it is, and no reason to stop the program.
    for stored in ["", "1", "é1é", "12345678"] {
        assert!(!Digits::from_stored(stored).to_shown().contains("  "));
    }
}

/// The answer to the offer is bound to it, to the commitment and to the key in its header.
#[test]
fn an_answer_binds_offer_key_and_commitment() {
    let offer = sample::message(akkoord_protocols::jose::Typ::Offer, None).unwrap();
    let phone = key("phone").unwrap();
    let message = sample::enrol(&offer).unwrap().sign(&phone).unwrap();
    let (signer, enrol) = Enrol::read(&message).unwrap();
    assert_eq!(signer, *phone.public());
    assert_eq!(enrol.oh.0, sha256(&[offer.as_bytes()]));
    let server = public("server").unwrap().thumbprint();
    assert_eq!(commitment(&enrol.n_d.0, signer.thumbprint(), Some(server)), sample::own_commitment().unwrap());
    // T-ENR-2: a claimer that signs with its own key has a message that reads, and a commitment that does not open.
    let claimer = SigningKey::generate().unwrap();
    let (signer, enrol) = Enrol::read(&sample::enrol(&offer).unwrap().sign(&claimer).unwrap()).unwrap();
    assert_ne!(commitment(&enrol.n_d.0, signer.thumbprint(), Some(server)), sample::own_commitment().unwrap());
}

#[test]
fn the_challenge_of_the_first_credential_covers_offer_and_key() {
    let (phone, other) = (public("phone").unwrap().thumbprint(), public("stranger").unwrap().thumbprint());
    let good = webauthn_challenge(&[1; 32], phone);
    assert_ne!(good, webauthn_challenge(&[2; 32], phone));
    assert_ne!(good, webauthn_challenge(&[1; 32], other));
}

#[test]
fn names_in_an_enrolment_cannot_lie_on_a_screen() {
    for name in ["", " ", "Ada\u{202E}", "a\u{200B}", "a\nb", "e\u{301}", &"x".repeat(65)] {
        assert!(name.parse::<akkoord_protocols::text::Name>().is_err(), "{name:?}");
    }
    let phone = key("phone").unwrap();
    let jwk = serde_json::to_string(&phone.public().jwk()).unwrap();
    let header = format!(r#"{{"alg":"ES256","typ":"akkoord-enrol+jwt","jwk":{jwk}}}"#);
    let claims = serde_json::to_string(&sample::enrol("an offer").unwrap()).unwrap();
    for (from, to) in [
        ("Ada's phone", "Ada\u{202E}s phone"),
        ("Ada's phone", ""),
        ("\"android\"", "\"Android\""),
        ("\"android\"", "\"toaster\""),
        ("P-256", "P-384"),
    ] {
        let changed = claims.replacen(from, to, 1);
        assert_ne!(changed, claims);
        assert!(Enrol::read(&crate::vectors::raw(&phone, &header, &changed).unwrap()).is_err(), "{to}");
    }
}

#[test]
fn links_lead_to_one_address_and_only_under_tls() {
    for api in [
        "https://phone.example.org",
        "https://phone.example.org:8443",
        "https://example.org/sign-in",
        "http://localhost",
        "http://phone.localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "https://xn--bcher-kva.example",
    ] {
        assert_eq!(check_api(api), Ok(()), "{api}");
        let link = EnrolmentLink {
            api: api.to_owned(),
            token: Bytes(drawn("token")),
            server_key: public("server").unwrap().thumbprint(),
        };
        assert_eq!(link.to_string().parse(), Ok(link.clone()));
        assert_eq!(format!(" {link}\n").parse(), Ok(link), "as pasted");
    }
    for api in [
        "http://phone.example.org",
        "http://localhost.example.org",
        "http://notlocalhost",
        "http://10.0.0.1",
        "http://127.0.0.1.example.org",
        "http://[::2]",
    ] {
        assert_eq!(check_api(api), Err(LinkError::Insecure), "{api}");
    }
    for api in [
        "",
        "phone.example.org",
        "//phone.example.org",
        "https://",
        "https://phone.example.org/",
        "https://phone.example.org//",
        "https://phone.example.org/a//",
        "https://phone.example.org/a/../b",
        "https://phone.example.org/%7e/ ",
        "https://PHONE.example.org",
        "https://phone.example.org:443",
        "http://localhost:80",
        "https://ada@phone.example.org",
        "https://ada:x@phone.example.org",
        "https://@phone.example.org",
        "https://phone.example.org?x",
        "https://phone.example.org?",
        "https://phone.example.org#x",
        "https:phone.example.org",
        "https:\\\\phone.example.org",
        "https://bücher.example",
        "https://phone.example.org\t",
        "https://pho\nne.example.org",
        "https://0x7f.1",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "akkoord://phone.example.org",
        "ws://localhost",
    ] {
        assert_eq!(check_api(api), Err(LinkError::Form), "{api:?}");
    }
}

#[test]
fn codes_are_read_as_people_type_them() {
    let code = TypedCode::new(&Seeded::new("code"));
    assert_eq!(code.expose().len(), 8);
    assert_eq!(format!("{code:?}"), "[redacted]");
    for typed in [
        code.to_shown(),
        code.to_shown().to_lowercase(),
        code.to_shown().replace('0', "o").replace('1', "l"),
        code.to_shown().replace('0', "O").replace('1', "I"),
        code.expose().chars().map(|c| format!(" {c}-")).collect(),
    ] {
        assert_eq!(typed.parse::<TypedCode>().unwrap().expose(), code.expose(), "{typed}");
    }
}
