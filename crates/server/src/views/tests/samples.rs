//! Every page in every state, with the people and phones of an example school.

use askama::Template;

use akkoord_core::{Timestamp, sign_in::Method};

use super::key_samples::{credentials, passkeys_and_keys};
use crate::views::account::{
    Account, AccountKind, Generator, Methods, Notice, PhoneRow, RememberedBrowser, RemovePhone, Second, SignInOutcome,
    SignInRow, SignedInHow, Warning,
};
use crate::views::enrolment::{AddPhone, EndedKind, GetApp, NoApp, Stage};
use crate::views::error_page::{ErrorKind, ErrorPage};
use crate::views::frame::{Frame, Number};
use crate::views::guide::Guide;
use crate::views::methods::{AddCodes, NewPasswordError, RemoveCodes, RemovePassword, SetPassword};
use crate::views::practice::{Practice, PracticeEnd, PracticeState};
use crate::views::qr::QrPicture;
use crate::views::recovery::{NotMe, NotMeStage};
use crate::views::recovery_codes::{CodesLeft, MakeRecoveryCodes, RecoveryCode, RecoveryCodeError, RecoveryCodes};
use crate::views::setup::Setup;
use crate::views::sign_in::{
    AccessPass, AccessPassError, Approve, Approved, CodeError, CodePage, FreshProof, FreshReason, OtherWays, Outcome,
    OutcomeKind, PasswordError, PasswordPage, SignIn, SignInError, SignedOut,
};
use crate::views::texts::Texts;
use crate::views::two_step::{Instead, Stay, TwoStepOff, TwoStepOffError};
use zeroize::Zeroizing;

/// 23 November 2026, 11:40 UTC.
pub(super) const NOW: i64 = 1_795_434_000_000;
pub(super) const USERNAME: &str = "ada@example.org";
const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;

/// A rendered page.
pub(super) struct Sample {
    /// Its name and state.
    pub(super) name: String,
    /// Its HTML.
    pub(super) html: String,
}

/// Renders everything in one language.
pub(super) fn every_page(texts: &Texts, qr: &QrPicture) -> Vec<Sample> {
    let frame = frame(texts);
    let mut samples = Samples(Vec::new());
    signing_in(frame, &mut samples);
    passwords_and_codes(frame, &mut samples);
    recovery_codes(frame, &mut samples);
    outcomes(frame, &mut samples);
    account(frame, &mut samples);
    methods(frame, qr, &mut samples);
    passkeys_and_keys(frame, &mut samples);
    enrolment(frame, qr, &mut samples);
    practice(frame, &mut samples);
    recovery_and_errors(frame, &mut samples);
    samples.0
}

pub(super) struct Samples(Vec<Sample>);

impl Samples {
    pub(super) fn add(&mut self, name: &str, page: impl Template) {
        let html = page.render().unwrap_or_else(|error| format!("{name}: {error}"));
        self.0.push(Sample { name: name.to_owned(), html });
    }
}

fn frame(texts: &Texts) -> Frame<'_> {
    Frame {
        texts,
        csrf: "csrf-token",
        organisation: "Example School",
        service_name: "Akkoord",
        signed_in_as: None,
        request_id: "7Q2M9X4K",
        return_to: "/signin",
        help_contact: Some("help@example.org"),
        now_ms: NOW,
    }
}

fn signing_in(frame: Frame<'_>, samples: &mut Samples) {
    let page = |username, error, app_name| SignIn { frame, username, error, app_name, then: None };
    samples.add("sign-in", page("", None, Some("Library")));
    samples.add("sign-in-then", SignIn { then: Some("add-phone"), ..page("", None, None) });
    samples.add("sign-in-empty", page("", Some(SignInError::Empty), None));
    samples.add("sign-in-unreadable", page("ada\u{7f}", Some(SignInError::Unreadable), None));
    samples.add("sign-in-too-many", page(USERNAME, Some(SignInError::TooMany), None));
    samples.add("sign-in-form-expired", page(USERNAME, Some(SignInError::FormExpired), Some("Library")));

    let page = |digits, choose, phones: &[&str], same_device_hint| Approve {
        request: "AAAAAAAAAAAAAAAAAAAAAA",
        frame,
        username: USERNAME,
        app_name: Some("Library"),
        number: Number { digits, choose },
        phone_names: phones.iter().map(|&name| name.to_owned()).collect(),
        expires_in_seconds: 102,
        total_seconds: 120,
        same_device_hint,
    };
    samples.add("approve", page("47", false, &["Ada's Pixel"], false));
    samples.add("approve-unknown-browser", page("47", false, &[], false));
    samples.add("approve-choose", page("08", true, &["Ada's Pixel", "Work phone", "Old tablet"], false));
    samples.add("approve-choose-unknown-browser", page("47", true, &[], false));
    samples.add("approve-six-digits", page("470812", false, &["Ada's Pixel"], true));
    samples.add("approved", Approved { frame, username: USERNAME });

    let page =
        |username, phone, access_pass| OtherWays { frame, username, phone, password: phone, access_pass, then: None };
    samples.add("other-ways", page(Some(USERNAME), true, true));
    samples.add("other-ways-no-name", page(None, true, true));
    samples.add("other-ways-then", OtherWays { then: Some("add-phone"), ..page(None, true, true) });
    samples.add("other-ways-none", page(Some(USERNAME), false, false));

    let page = |username, error| AccessPass { frame, username, error, then: Some("add-phone") };
    samples.add("access-pass", page(Some(USERNAME), None));
    samples.add("access-pass-no-name", page(None, Some(AccessPassError::Empty)));
    samples.add("access-pass-refused", page(Some(USERNAME), Some(AccessPassError::Refused)));
    samples.add("access-pass-too-many", page(Some(USERNAME), Some(AccessPassError::TooMany)));

    let page = |reason, phone, access_pass| FreshProof {
        frame,
        username: USERNAME,
        reason,
        phone,
        password: true,
        password_first: false,
        passkey: false,
        access_pass,
        then: Some("add-phone"),
    };
    samples.add("fresh-proof-passkey", FreshProof { passkey: true, ..page(FreshReason::Change, false, true) });
    samples.add("fresh-proof-password", FreshProof { password_first: true, ..page(FreshReason::Change, true, true) });
    samples.add("fresh-proof", page(FreshReason::AddPhone, true, true));
    samples.add("fresh-proof-pass-only", page(FreshReason::RemovePhone, false, true));
    samples.add("fresh-proof-nothing", page(FreshReason::Change, false, false));
    samples.add("signed-out", SignedOut { frame });
    samples.add("no-app", NoApp { frame });
    samples.add("guide", Guide { frame });
}

fn passwords_and_codes(frame: Frame<'_>, samples: &mut Samples) {
    let page = |error, access_pass| PasswordPage { frame, username: USERNAME, error, access_pass };
    samples.add("password", page(None, true));
    for error in [
        PasswordError::Empty,
        PasswordError::Wrong,
        PasswordError::Wait { minutes: 15 },
        PasswordError::Wait { minutes: 1 },
        PasswordError::TooMany,
    ] {
        samples.add(&format!("password-{}", error.key()), page(Some(error), error == PasswordError::Wrong));
    }
    let page = |error, phone| CodePage {
        frame,
        username: USERNAME,
        error,
        phone,
        key: false,
        remember_days: 30,
        remember: error.is_some(),
    };
    samples.add("code", page(None, true));
    samples.add("code-no-phone", page(None, false));
    samples.add("code-and-key", CodePage { key: true, ..page(None, true) });
    for error in CODE_ERRORS {
        samples.add(&format!("code-{}", error.key()), page(Some(error), true));
    }
}

const CODE_ERRORS: [CodeError; 11] = [
    CodeError::Empty,
    CodeError::Malformed,
    CodeError::Wrong,
    CodeError::Used,
    CodeError::ClockBehind { minutes: 1 },
    CodeError::ClockBehind { minutes: 7 },
    CodeError::ClockAhead { minutes: 1 },
    CodeError::ClockAhead { minutes: 12 },
    CodeError::Wait { minutes: 1 },
    CodeError::Wait { minutes: 15 },
    CodeError::TooMany,
];

fn outcomes(frame: Frame<'_>, samples: &mut Samples) {
    for kind in OutcomeKind::ALL {
        samples.add(&format!("outcome-{kind:?}"), Outcome { frame, username: USERNAME, kind });
    }
}

fn phone(id: &str, name: &str, platform: &str) -> PhoneRow {
    PhoneRow {
        id: id.to_owned(),
        name: name.to_owned(),
        platform: platform.to_owned(),
        added_at: NOW - 40 * DAY,
        last_used_at: Some(NOW - 2 * MINUTE),
        phone_sign_in: true,
        this_session: false,
        locked: false,
    }
}

fn sign_in(minutes_ago: i64, outcome: SignInOutcome, phone: Option<&str>) -> SignInRow {
    SignInRow {
        at: NOW - minutes_ago * MINUTE,
        app: "Library".to_owned(),
        browser: "Firefox on Linux".to_owned(),
        place_or_ip: "2001:db8:1::".to_owned(),
        outcome,
        phone: phone.map(str::to_owned),
    }
}

fn account(frame: Frame<'_>, samples: &mut Samples) {
    let frame = Frame { signed_in_as: Some(USERNAME), return_to: "/account", ..frame };
    let page = |phones: Vec<PhoneRow>, sign_ins, notice, warnings, can_manage| Account {
        frame,
        display_name: "Ada Lovelace",
        username: USERNAME,
        kind: AccountKind::Organisation,
        signed_in_how: phones.first().map_or(SignedInHow::AccessPass, |first| SignedInHow::Phone(first.name.clone())),
        phones,
        methods: Methods {
            password_set_at: None,
            generators: vec![],
            credentials: vec![],
            recovery: None,
            two_step_on: false,
            two_step_free: true,
            second: vec![],
            free_order: true,
        },
        remembered: vec![],
        sign_ins,
        notice,
        warnings,
        signed_in_at: NOW - 3 * MINUTE,
        stays_until: None,
        can_manage,
        can_add_phone: true,
    };
    let pixel = || PhoneRow { this_session: true, ..phone("p1", "Ada's Pixel", "android") };
    let sign_ins = || {
        vec![
            sign_in(3, SignInOutcome::Approved, Some("Ada's Pixel")),
            sign_in(75, SignInOutcome::NoAnswer, None),
            sign_in(300, SignInOutcome::WrongNumber, Some("Ada's Pixel")),
            sign_in(2000, SignInOutcome::Reported, Some("Work phone")),
            sign_in(3000, SignInOutcome::Denied, Some("Work phone")),
            sign_in(4000, SignInOutcome::Blocked, None),
            sign_in(5000, SignInOutcome::Cancelled, None),
            sign_in(6000, SignInOutcome::Waiting, None),
            sign_in(60_000, SignInOutcome::AccessPass, None),
            sign_in(61_000, SignInOutcome::RecoveryCode, None),
            sign_in(62_000, SignInOutcome::Passkey, None),
            sign_in(63_000, SignInOutcome::Password, None),
        ]
    };
    let everything = vec![
        pixel(),
        PhoneRow { last_used_at: None, phone_sign_in: false, ..phone("p2", "Old tablet", "other") },
        PhoneRow { locked: true, ..phone("p3", "Work phone", "ios") },
    ];
    samples.add("account", Account { methods: every_method(), ..page(everything, sign_ins(), None, vec![], true) });
    let added = Some(Notice::PhoneAdded("Ada's Pixel".to_owned()));
    let browser = |browser, days: i64| RememberedBrowser {
        browser,
        since: Timestamp(NOW - days * DAY),
        until: Timestamp(NOW + (30 - days) * DAY),
    };
    let remembered = vec![browser("Firefox · Linux", 1), browser("", 20)];
    samples.add("account-remembered", Account { remembered, ..page(vec![pixel()], vec![], None, vec![], true) });
    samples.add("account-one-phone", page(vec![pixel()], sign_ins(), added, vec![Warning::OnlyOneMethod], true));
    samples.add("account-empty", page(vec![], vec![], None, vec![Warning::AccessPassRunsOut], true));
    for (name, how, warning) in [
        ("account-by-recovery-code", SignedInHow::RecoveryCode, Warning::RecoveryCodeUsed),
        ("account-to-set-up", SignedInHow::Password, Warning::SetUpNow),
        ("account-password-alone", SignedInHow::Password, Warning::PasswordAlone),
        ("account-two-step-off", SignedInHow::Password, Warning::TwoStepOff),
    ] {
        samples.add(name, Account { signed_in_how: how, ..page(vec![pixel()], vec![], None, vec![warning], false) });
    }
    let locked = vec![Warning::PhoneSignInLocked];
    samples.add("account-locked", page(vec![pixel()], sign_ins(), None, locked, true));
    let managed = page(vec![pixel()], sign_ins(), None, vec![], false);
    samples.add("account-managed", Account { methods: every_method(), can_add_phone: false, ..managed });
    for (name, notice) in [
        ("removed", Notice::PhoneRemoved("Old tablet".to_owned())),
        ("renamed", Notice::PhoneRenamed("<b>Ada's</b> phone".to_owned())),
        ("name-refused", Notice::NameRefused),
        ("practice-worked", Notice::PracticeWorked),
        ("two-step-off", Notice::TwoStepOff),
        ("two-step-on", Notice::TwoStepOn),
        ("default-chosen", Notice::DefaultChosen),
        ("asks-each-time", Notice::AsksEachTime),
        ("password-set", Notice::PasswordSet),
        ("password-changed", Notice::PasswordChanged),
        ("signed-out-elsewhere", Notice::SignedOutElsewhere),
        ("recovery-codes-made", Notice::RecoveryCodesMade),
        ("recovery-codes-removed", Notice::RecoveryCodesRemoved),
        ("browsers-forgotten", Notice::BrowsersForgotten),
        ("password-removed", Notice::PasswordRemoved),
        ("codes-added", Notice::CodesAdded),
        ("codes-removed", Notice::CodesRemoved),
        ("passkey-added", Notice::PasskeyAdded),
        ("security-key-added", Notice::SecurityKeyAdded),
        ("key-renamed", Notice::KeyRenamed),
        ("key-removed", Notice::KeyRemoved),
    ] {
        samples.add(&format!("account-{name}"), page(vec![pixel()], vec![], Some(notice), vec![], true));
    }
    samples
        .add("account-personal", Account { kind: AccountKind::Personal, ..page(vec![], vec![], None, vec![], true) });

    let page = |last_one| RemovePhone { frame, username: USERNAME, phone: pixel(), last_one };
    samples.add("remove-phone", page(false));
    samples.add("remove-phone-last", page(true));
}

fn codes_left(unused: u32) -> CodesLeft {
    CodesLeft {
        unused,
        made_at: Timestamp(NOW - 40 * DAY),
        last_used_at: (unused < 10).then_some(Timestamp(NOW - 8 * DAY)),
    }
}

fn recovery_codes(frame: Frame<'_>, samples: &mut Samples) {
    let page = |username, error| RecoveryCode { frame, username, error };
    samples.add("recovery-code", page(Some(USERNAME), None));
    samples.add("recovery-code-no-name", page(None, Some(RecoveryCodeError::Empty)));
    samples.add("recovery-code-refused", page(Some(USERNAME), Some(RecoveryCodeError::Refused)));
    samples.add("recovery-code-too-many", page(Some(USERNAME), Some(RecoveryCodeError::TooMany)));
    let frame = Frame { signed_in_as: Some(USERNAME), return_to: "/account", ..frame };
    for (name, phone, second_way, can_manage) in [
        ("setup", false, false, false),
        ("setup-second", true, false, true),
        ("setup-sign-in", true, false, false),
        ("setup-done", true, true, true),
    ] {
        let warning = (!phone).then_some(Warning::AccessPassRunsOut);
        let (can_add_phone, managed) = (true, false);
        let page = Setup { frame, username: USERNAME, phone, second_way, can_manage, can_add_phone, managed, warning };
        samples.add(name, page);
    }
    for (name, phone, can_add_phone) in
        [("managed", false, false), ("managed-by-pass", false, true), ("managed-done", true, false)]
    {
        let (can_manage, second_way, managed, warning) = (false, false, true, None);
        let page = Setup { frame, username: USERNAME, phone, second_way, can_manage, can_add_phone, managed, warning };
        samples.add(&format!("setup-{name}"), page);
    }
    samples.add("make-recovery-codes", MakeRecoveryCodes { frame, left: None });
    samples.add("make-new-recovery-codes", MakeRecoveryCodes { frame, left: Some(codes_left(10)) });
    let codes: Vec<_> = (0..10).map(|_| Zeroizing::new("7K2M-9QXA-03VB-TTTT".to_owned())).collect();
    let address = "http://login.localhost:8080";
    samples.add("recovery-codes", RecoveryCodes { frame, username: USERNAME, codes: &codes, address, made_at: NOW });
}

fn every_method() -> Methods<'static> {
    let added_at = Timestamp(NOW - 9 * DAY);
    let last_used_at = Some(Timestamp(NOW - 50 * MINUTE));
    Methods {
        password_set_at: Some(Timestamp(NOW - 90 * DAY)),
        generators: vec![
            Generator { id: "g1", name: "Aegis on Ada's tablet", added_at, last_used_at },
            Generator { id: "g2", name: "<b>Work</b> phone", added_at, last_used_at: None },
        ],
        credentials: credentials(added_at, last_used_at),
        recovery: Some(codes_left(2)),
        two_step_on: true,
        two_step_free: true,
        second: [Method::SecurityKey, Method::Code, Method::Phone]
            .map(|method| Second { method, is_default: method == Method::Code })
            .into(),
        free_order: true,
    }
}

fn methods(frame: Frame<'_>, qr: &QrPicture, samples: &mut Samples) {
    let frame = Frame { signed_in_as: Some(USERNAME), return_to: "/account", ..frame };
    let page = |has_one, error| SetPassword { frame, has_one, must: has_one, error, username: USERNAME, least: 12 };
    samples.add("set-password", page(false, None));
    samples.add("change-password", page(true, None));
    for error in [
        NewPasswordError::TooShort { least: 12 },
        NewPasswordError::TooLong,
        NewPasswordError::Common,
        NewPasswordError::LikeName,
        NewPasswordError::Unreadable,
        NewPasswordError::Differ,
    ] {
        samples.add(&format!("set-password-{}", error.key()), page(false, Some(error)));
    }
    samples.add("remove-password", RemovePassword { frame });
    let off = |instead, error| TwoStepOff { frame, username: USERNAME, instead, error, least: 15 };
    samples.add("two-step-off", off(Instead::Password, None));
    samples.add("two-step-off-passkey", off(Instead::Passkey, None));
    samples.add("two-step-off-nothing", off(Instead::Nothing, None));
    for error in [TwoStepOffError::Empty, TwoStepOffError::Wrong, TwoStepOffError::TooShort] {
        samples.add(&format!("two-step-off-{}", error.key()), off(Instead::Password, Some(error)));
    }
    for days in [1, 30] {
        samples.add(&format!("stay-{days}"), Stay { frame, username: USERNAME, days, then: "/account" });
    }

    let key = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP";
    let page = |error, name| AddCodes { frame, qr: qr.svg(), id: "sample", key, error, name };
    samples.add("add-codes", page(None, ""));
    for error in CODE_ERRORS {
        samples.add(&format!("add-codes-{}", error.key()), page(Some(error), "Ada's <b>tablet</b>"));
    }
    let page = |last| RemoveCodes { frame, id: "g1", name: "Aegis on Ada's tablet", last };
    samples.add("remove-codes", page(false));
    samples.add("remove-codes-last", page(true));
}

fn enrolment(frame: Frame<'_>, qr: &QrPicture, samples: &mut Samples) {
    let frame = Frame { signed_in_as: Some(USERNAME), return_to: "/account/phones/add/e1", ..frame };
    let page = |stage, taken| AddPhone { frame, id: "e1", stage, taken, app: None };
    let scan = |tries_left| Stage::Scan {
        qr: qr.clone(),
        link: "http://phone.localhost:8080/app/e#1.token.thumbprint",
        code: "7K3M-9QXZ",
        server_address: "http://login.localhost:8080",
        username: USERNAME,
        expires_in_seconds: 287,
        tries_left,
    };
    let digits = |error, tries_left| Stage::Digits {
        phone_name: "Ada's Pixel",
        platform: "android",
        tries_left,
        error,
        expires_in_seconds: 240,
    };
    let get = |in_app| GetApp {
        frame: Frame { return_to: "/account/phones/add", ..frame },
        username: USERNAME,
        qr: qr.clone(),
        address: "http://phone.localhost:8080/app/",
        in_app,
    };
    samples.add("get-app", get(false));
    samples.add("get-app-in-app", get(true));
    let app = Some("http://phone.localhost:8080/app/");
    samples.add("add-phone-in-app", AddPhone { app, ..page(scan(5), false) });
    samples.add("add-phone-digits-in-app", AddPhone { app, ..page(digits(false, 3), false) });
    samples.add("add-phone-done-in-app", AddPhone { app, ..page(Stage::Done { phone_name: "Ada's Pixel" }, false) });
    samples.add("add-phone", page(scan(5), false));
    samples.add("add-phone-tries", page(scan(1), false));
    samples.add("add-phone-taken", page(scan(5), true));
    samples.add("add-phone-claimed", page(Stage::Claimed { expires_in_seconds: 270 }, false));
    samples.add("add-phone-claimed-taken", page(Stage::Claimed { expires_in_seconds: 270 }, true));
    samples.add("add-phone-digits", page(digits(false, 3), false));
    samples.add("add-phone-digits-wrong", page(digits(true, 2), false));
    samples.add("add-phone-digits-last", page(digits(true, 1), true));
    samples.add("add-phone-done", page(Stage::Done { phone_name: "Ada's Pixel" }, false));
    for kind in [EndedKind::Rejected, EndedKind::Expired, EndedKind::Cancelled, EndedKind::TakenByAnother] {
        samples.add(&format!("add-phone-ended-{kind:?}"), page(Stage::Ended { kind }, false));
    }
}

fn practice(frame: Frame<'_>, samples: &mut Samples) {
    let frame = Frame { signed_in_as: Some(USERNAME), return_to: "/account/practice/r1", ..frame };
    let page = |state| Practice { frame, id: "r1", state };
    samples.add(
        "practice",
        page(PracticeState::Waiting {
            number: Number { digits: "31", choose: false },
            phone_names: vec!["Ada's Pixel".to_owned()],
            expires_in_seconds: 118,
            total_seconds: 120,
        }),
    );
    for end in PracticeEnd::ALL {
        samples.add(&format!("practice-{end:?}"), page(PracticeState::Ended(end)));
    }
}

fn recovery_and_errors(frame: Frame<'_>, samples: &mut Samples) {
    let page = |stage| NotMe { frame, token: "token", stage };
    let ask = NotMeStage::Ask { phone_name: "Somebody's phone", username: USERNAME, added_at: NOW - 5 * MINUTE };
    samples.add("not-me", page(ask));
    samples.add("not-me-done", page(NotMeStage::Done { username: USERNAME }));
    for what in [
        "not_me.change.password",
        "not_me.change.codes",
        "not_me.change.credential",
        "not_me.change.recovery_codes",
        "not_me.change.other",
    ] {
        let ask = NotMeStage::AskChange { what, username: USERNAME, changed_at: NOW - 5 * MINUTE };
        samples.add(what, page(ask));
    }
    samples.add("not-me-undone", page(NotMeStage::DoneChange { username: USERNAME }));
    samples.add("not-me-too-old", page(NotMeStage::TooOld));
    for kind in ErrorKind::ALL {
        samples.add(&format!("error-{kind:?}"), ErrorPage { frame, status: 404, kind });
    }
}
