//! The pages about one's own account.

use akkoord_core::{Timestamp, sign_in::Method};
use askama::Template;

use super::credential::Credential;
use super::frame::Frame;
use super::recovery_codes::CodesLeft;

/// `GET /account`.
#[derive(Debug, Template)]
#[template(path = "pages/account.html")]
pub struct Account<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The person's name.
    pub display_name: &'a str,
    /// The account's user name.
    pub username: &'a str,
    /// Whose account it is.
    pub kind: AccountKind,
    /// The account's phones, in the order they were added.
    pub phones: Vec<PhoneRow>,
    /// What else the account signs in with.
    pub methods: Methods<'a>,
    /// The browsers that are spared the second step, the latest first.
    pub remembered: Vec<RememberedBrowser<'a>>,
    /// The latest sign-ins, newest first.
    pub sign_ins: Vec<SignInRow>,
    /// What has just been done.
    pub notice: Option<Notice>,
    /// What is missing.
    pub warnings: Vec<Warning>,
    /// How this browser was signed in.
    pub signed_in_how: SignedInHow,
    /// When this browser was signed in.
    pub signed_in_at: i64,
    /// Until when this browser stays signed in, if it does.
    pub stays_until: Option<Timestamp>,
    /// Whether this session may change how the account signs in.
    pub can_manage: bool,
    /// Whether it may add a phone. If not, the organisation manages how its people sign in.
    pub can_add_phone: bool,
}

impl Account<'_> {
    /// The phones that can approve a sign-in now.
    pub fn ready_phones(&self) -> Vec<&str> {
        let may = !self.is_locked();
        self.phones
            .iter()
            .filter(|phone| may && phone.phone_sign_in && !phone.locked)
            .map(|phone| phone.name.as_str())
            .collect()
    }

    /// Whether a warning says already what should be done first.
    fn is_told_to_add_a_phone(&self) -> bool {
        let for_it = [
            Warning::AccessPassRunsOut,
            Warning::RecoveryCodeUsed,
            Warning::SetUpNow,
            Warning::PasswordAlone,
            Warning::TwoStepOff,
        ];
        self.warnings.iter().any(|warning| for_it.contains(warning))
    }

    fn is_locked(&self) -> bool {
        self.warnings.contains(&Warning::PhoneSignInLocked)
    }
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A work or school account.
    Organisation,
    /// A personal account.
    Personal,
}

impl AccountKind {
    /// The key of its name.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Organisation => "account.kind.organisation",
            Self::Personal => "account.kind.personal",
        }
    }
}

/// A phone of the account.
#[derive(Clone, Debug)]
pub struct PhoneRow {
    /// Its id in addresses.
    pub id: String,
    /// The name that the person gave it.
    pub name: String,
    /// Its platform, as the phone protocol spells it.
    pub platform: String,
    /// When it was added.
    pub added_at: i64,
    /// When it last answered.
    pub last_used_at: Option<i64>,
    /// Whether it may approve sign-ins.
    pub phone_sign_in: bool,
    /// Whether it approved the sign-in of this browser.
    pub this_session: bool,
    /// Whether wrong PINs locked it.
    pub locked: bool,
}

/// What an account signs in with besides its phones.
#[derive(Clone, Debug)]
pub struct Methods<'a> {
    /// When the password was set, if there is one.
    pub password_set_at: Option<Timestamp>,
    /// The apps that make verification codes, in the order they were added.
    pub generators: Vec<Generator<'a>>,
    /// The passkeys and security keys, in the order they were added.
    pub credentials: Vec<Credential<'a>>,
    /// What is left of its recovery codes, if it has any.
    pub recovery: Option<CodesLeft>,
    /// Whether a password alone is not enough.
    pub two_step_on: bool,
    /// Whether policy leaves that to the person.
    pub two_step_free: bool,
    /// What there is after the password.
    pub second: Vec<Second>,
    /// Whether the person may choose which of those is asked first.
    pub free_order: bool,
}

impl Methods<'_> {
    /// Whether there is a choice of what is asked first after the password.
    pub fn can_choose_default(&self) -> bool {
        self.free_order && self.two_step_on && self.password_set_at.is_some() && self.second.len() > 1
    }
}

/// Something that may be asked after the password.
#[derive(Clone, Copy, Debug)]
pub struct Second {
    /// What it is.
    pub method: Method,
    /// Whether its person wants to be asked for it first.
    pub is_default: bool,
}

impl Second {
    /// The key of its name.
    pub fn key(&self) -> &'static str {
        match self.method {
            Method::Phone => "methods.default.phone",
            Method::Code => "methods.default.code",
            Method::SecurityKey | Method::Password | Method::AccessPass => "methods.default.key",
        }
    }
}

/// An app that makes verification codes.
#[derive(Clone, Copy, Debug)]
pub struct Generator<'a> {
    /// Its id in addresses.
    pub id: &'a str,
    /// The name that the person gave it.
    pub name: &'a str,
    /// When it was added.
    pub added_at: Timestamp,
    /// When one of its codes was last used.
    pub last_used_at: Option<Timestamp>,
}

/// A browser that is spared the second step.
#[derive(Clone, Copy, Debug)]
pub struct RememberedBrowser<'a> {
    /// Which browser it is, from our own list of names.
    pub browser: &'a str,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A sign-in of the account, however it ended.
#[derive(Clone, Debug)]
pub struct SignInRow {
    /// When it began.
    pub at: i64,
    /// The app that was signed in to.
    pub app: String,
    /// The browser, from our own list of names.
    pub browser: String,
    /// About where, or else the network address.
    pub place_or_ip: String,
    /// How it ended.
    pub outcome: SignInOutcome,
    /// The phone that answered.
    pub phone: Option<String>,
}

/// How a sign-in in the list ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// Signed in by phone.
    Approved,
    /// Signed in with a temporary access pass.
    AccessPass,
    /// Signed in with a recovery code.
    RecoveryCode,
    /// Signed in with a passkey.
    Passkey,
    /// Signed in with the password, and a second step where one was asked.
    Password,
    /// Still waiting for the phone.
    Waiting,
    /// The phone said no.
    Denied,
    /// The phone said "It wasn't me".
    Reported,
    /// Nobody answered in time, or the browser came back too late.
    NoAnswer,
    /// The phone sent another number.
    WrongNumber,
    /// Stopped by an administrator, a removal or bad evidence.
    Blocked,
    /// Cancelled in the browser.
    Cancelled,
}

impl SignInOutcome {
    /// The key of its name.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Approved => "sign_ins.approved",
            Self::AccessPass => "sign_ins.access_pass",
            Self::RecoveryCode => "sign_ins.recovery_code",
            Self::Passkey => "sign_ins.passkey",
            Self::Password => "sign_ins.password",
            Self::Waiting => "sign_ins.waiting",
            Self::Denied => "sign_ins.denied",
            Self::Reported => "sign_ins.reported",
            Self::NoAnswer => "sign_ins.no_answer",
            Self::WrongNumber => "sign_ins.wrong_number",
            Self::Blocked => "sign_ins.blocked",
            Self::Cancelled => "sign_ins.cancelled",
        }
    }

    /// The class that gives it its colour.
    pub fn tone(&self) -> &'static str {
        match self {
            Self::Approved | Self::AccessPass | Self::RecoveryCode | Self::Passkey | Self::Password => "good",
            Self::Reported | Self::WrongNumber | Self::Blocked => "bad",
            Self::Waiting | Self::Denied | Self::NoAnswer | Self::Cancelled => "plain",
        }
    }
}

/// How this browser was signed in.
#[derive(Clone, Debug)]
pub enum SignedInHow {
    /// By this phone.
    Phone(String),
    /// With a temporary access pass.
    AccessPass,
    /// With a recovery code.
    RecoveryCode,
    /// With the password, and a second step where one was asked.
    Password,
    /// With a passkey.
    Passkey,
}

/// What is missing in the protection of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// One lost phone locks the person out.
    OnlyOneMethod,
    /// Signed in with a pass that runs out, and no phone yet.
    AccessPassRunsOut,
    /// Signed in with a recovery code, which is for adding a phone.
    RecoveryCodeUsed,
    /// Signed in with a password that is enough for setting up only.
    SetUpNow,
    /// A password is all that is asked, although there is more.
    TwoStepOff,
    /// A password is the only thing between the account and everybody else.
    PasswordAlone,
    /// Wrong numbers locked phone approval.
    PhoneSignInLocked,
}

impl Warning {
    /// The keys of its title and its text.
    pub fn keys(&self) -> [&'static str; 2] {
        match self {
            Self::OnlyOneMethod => ["account.warning.one_method.title", "account.warning.one_method.text"],
            Self::AccessPassRunsOut => ["account.warning.access_pass.title", "account.warning.access_pass.text"],
            Self::RecoveryCodeUsed => ["account.warning.recovery.title", "account.warning.recovery.text"],
            Self::PasswordAlone => ["account.warning.password_alone.title", "account.warning.password_alone.text"],
            Self::TwoStepOff => ["account.warning.two_step_off.title", "account.warning.two_step_off.text"],
            Self::SetUpNow => ["account.warning.set_up.title", "account.warning.set_up.text"],
            Self::PhoneSignInLocked => ["account.warning.locked.title", "account.warning.locked.text"],
        }
    }
}

/// What has just been done, shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A phone was added.
    PhoneAdded(String),
    /// A phone was removed.
    PhoneRemoved(String),
    /// A phone has a new name.
    PhoneRenamed(String),
    /// A name that can't be one; nothing was changed.
    NameRefused,
    /// The practice request came through.
    PracticeWorked,
    /// The account has a new password.
    PasswordSet,
    /// The account has another password, and whoever was signed in elsewhere is not any more.
    PasswordChanged,
    /// Whoever was signed in elsewhere is not any more.
    SignedOutElsewhere,
    /// The account has no password any more.
    PasswordRemoved,
    /// An app for verification codes was added.
    CodesAdded,
    /// An app for verification codes was removed.
    CodesRemoved,
    /// There are new recovery codes.
    RecoveryCodesMade,
    /// There are no recovery codes any more.
    RecoveryCodesRemoved,
    /// A passkey was added.
    PasskeyAdded,
    /// A security key was added.
    SecurityKeyAdded,
    /// A passkey or a security key has a new name.
    KeyRenamed,
    /// A passkey or a security key was removed.
    KeyRemoved,
    /// Every browser asks for the second step again.
    BrowsersForgotten,
    /// Two-step verification is off.
    TwoStepOff,
    /// Two-step verification is on.
    TwoStepOn,
    /// Another second step is asked for first.
    DefaultChosen,
    /// This browser asks each time.
    AsksEachTime,
}

impl Notice {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::PhoneAdded(_) => "notice.phone_added",
            Self::PhoneRemoved(_) => "notice.phone_removed",
            Self::PhoneRenamed(_) => "notice.phone_renamed",
            Self::NameRefused => "notice.name_refused",
            Self::PracticeWorked => "notice.practice_worked",
            Self::PasswordSet => "notice.password_set",
            Self::PasswordChanged => "notice.password_changed",
            Self::SignedOutElsewhere => "notice.signed_out_elsewhere",
            Self::PasswordRemoved => "notice.password_removed",
            Self::CodesAdded => "notice.codes_added",
            Self::CodesRemoved => "notice.codes_removed",
            Self::RecoveryCodesMade => "notice.recovery_codes_made",
            Self::RecoveryCodesRemoved => "notice.recovery_codes_removed",
            Self::PasskeyAdded => "notice.passkey_added",
            Self::SecurityKeyAdded => "notice.security_key_added",
            Self::KeyRenamed => "notice.key_renamed",
            Self::KeyRemoved => "notice.key_removed",
            Self::BrowsersForgotten => "notice.browsers_forgotten",
            Self::TwoStepOff => "notice.two_step_off",
            Self::TwoStepOn => "notice.two_step_on",
            Self::DefaultChosen => "notice.default_chosen",
            Self::AsksEachTime => "notice.asks_each_time",
        }
    }

    /// The name of the phone or the app it is about.
    pub fn name(&self) -> &str {
        match self {
            Self::PhoneAdded(name) | Self::PhoneRemoved(name) | Self::PhoneRenamed(name) => name,
            Self::NameRefused
            | Self::PracticeWorked
            | Self::PasswordSet
            | Self::PasswordRemoved
            | Self::PasswordChanged
            | Self::SignedOutElsewhere
            | Self::CodesAdded
            | Self::CodesRemoved
            | Self::RecoveryCodesMade
            | Self::RecoveryCodesRemoved
            | Self::PasskeyAdded
            | Self::SecurityKeyAdded
            | Self::KeyRenamed
            | Self::KeyRemoved
            | Self::BrowsersForgotten
            | Self::TwoStepOff
            | Self::TwoStepOn
            | Self::DefaultChosen
            | Self::AsksEachTime => "",
        }
    }

    /// Whether it tells of something that didn't work.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::NameRefused)
    }
}

/// `GET /account/phones/{id}/remove`: the question before a phone is removed.
#[derive(Debug, Template)]
#[template(path = "pages/remove_phone.html")]
pub struct RemovePhone<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The account's user name.
    pub username: &'a str,
    /// The phone.
    pub phone: PhoneRow,
    /// Whether the account has no other.
    pub last_one: bool,
}
