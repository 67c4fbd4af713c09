use super::*;

const NOBODY: Known<'_> = Known { username: "zz", email: None, organisation: "zz", service: "zz" };
const ADA: Known<'_> = Known {
    username: "ada@example.org",
    email: Some("a.lovelace@example.org"),
    organisation: "Example School",
    service: "Akkoord",
};

fn text(typed: &str) -> String {
    Password::typed(typed).unwrap().expose().to_owned()
}

fn refused(typed: &str, used: Use) -> Option<Refused> {
    Password::choose(typed, used, &ADA).err()
}

#[test]
fn rfc8265_4_2_one_password_whatever_the_keyboard_sends() {
    assert_eq!(text("cafe\u{301}"), "caf\u{e9}");
    assert_eq!(text("a\u{a0}b\u{3000}c\u{2003}d"), "a b c d");
    assert_eq!(text("  Blanks and Case stay "), "  Blanks and Case stay ");
    // RFC 8265 4.2.2: no width mapping, and no compatibility decomposition.
    assert_eq!(text("\u{ff21}\u{ff22}\u{fb01}"), "\u{ff21}\u{ff22}\u{fb01}");
    assert_eq!(text("👩\u{200d}🚀 zum Mond"), "👩\u{200d}🚀 zum Mond");
    for control in ["a\nb", "a\0b", "\u{7f}", "a\u{85}b", "\t"] {
        assert_eq!(Password::typed(control).err(), Some(NotAPassword::ControlCharacter), "{control:?}");
    }
    assert_eq!(Password::typed("").err(), Some(NotAPassword::Empty));
}

#[test]
fn a_password_is_read_whole_or_not_at_all() {
    assert_eq!(text(&"x".repeat(256)).len(), 256);
    assert_eq!(text(&"😀".repeat(256)).len(), 1024);
    assert_eq!(text(&"e\u{301}".repeat(256)).chars().count(), 256, "counted as composed");
    for long in ["x".repeat(257), "😀".repeat(257), "x".repeat(1_000_000), "\u{1d160}".repeat(200)] {
        assert_eq!(Password::typed(&long).err(), Some(NotAPassword::TooLong), "{} bytes", long.len());
    }
}

#[test]
fn it_shows_itself_to_nobody() {
    assert_eq!(format!("{:?}", Password::typed("a secret of mine").unwrap()), "[redacted]");
}

#[test]
fn length_is_counted_in_characters_and_depends_on_the_second_step() {
    for (typed, used, wanted) in [
        ("tulp Óslo kraan", Use::Alone, None),
        ("tulp Óslo kraa", Use::Alone, Some(Refused::TooShort { at_least: 15 })),
        ("tulpÓslo", Use::WithSecondStep, None),
        ("tulpÓsl", Use::WithSecondStep, Some(Refused::TooShort { at_least: 8 })),
        ("tulpOslo", Use::Alone, Some(Refused::TooShort { at_least: 15 })),
        ("e\u{301}tulpOs", Use::WithSecondStep, Some(Refused::TooShort { at_least: 8 })),
        ("a\tb", Use::Alone, Some(Refused::Unusable(NotAPassword::ControlCharacter))),
        ("", Use::Alone, Some(Refused::Unusable(NotAPassword::Empty))),
    ] {
        assert_eq!(refused(typed, used), wanted, "{typed:?}");
    }
}

#[test]
fn what_would_be_tried_first_is_refused() {
    for typed in [
        "password",
        "PassWord",
        "trustno1",
        "qwertyuiop",
        "passwordpassword",
        "TrustNo1TrustNo1Trust",
        "123456789012345678",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabca",
    ] {
        assert_eq!(refused(typed, Use::WithSecondStep), Some(Refused::Common), "{typed:?}");
    }
    assert!(Password::choose("password of the tulip", Use::Alone, &NOBODY).is_ok());
    assert!(Password::choose("only lower case letters", Use::Alone, &NOBODY).is_ok(), "no rules of composition");
}

#[test]
fn what_everybody_knows_of_an_account_is_refused() {
    for (typed, wanted) in [
        ("ada@example.org", Refused::Username),
        ("Ada ada ADA ada", Refused::Username),
        ("ada-1815-12-10-!!", Refused::Username),
        ("a.lovelace-1815", Refused::Email),
        ("Example School", Refused::Organisation),
        ("exampleschool2026!", Refused::Organisation),
        ("Akkoord-Akkoord!", Refused::Service),
        ("ada Example School 2026", Refused::Username),
    ] {
        assert_eq!(refused(typed, Use::WithSecondStep), Some(wanted), "{typed:?}");
    }
    for fine in ["ada likes the tulips", "tulips of Example School", "1815 12 10 4711 0815"] {
        assert_eq!(refused(fine, Use::Alone), None, "{fine:?}");
    }
    assert!(Password::choose("4711 0815 2026 99", Use::Alone, &NOBODY).is_ok());
}

#[test]
fn waits_double_from_the_fifth_wrong_password_on_up_to_an_hour() {
    let minutes = |failures| wait_after(failures).as_secs() / 60;
    for (failures, wait) in [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (12, 60), (i64::MAX, 60)] {
        assert_eq!(minutes(failures), wait, "{failures} failures");
    }
    assert_eq!(minutes(i64::from(u32::MAX)), 60);
}
