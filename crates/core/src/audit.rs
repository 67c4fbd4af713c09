//! Audit events: what happened, in one word each. An event is written with the change it tells of, or neither is.

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What an audit event tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $name,)*
        }
        impl Event {
            /// The event as stored and exported.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

events! {
    /// An organisation was added.
    OrganisationAdded = "organisation.added";
    /// An account was added.
    AccountAdded = "account.added";
    /// An account was disabled.
    AccountDisabled = "account.disabled";
    /// An account was enabled again.
    AccountEnabled = "account.enabled";
    /// Wrong numbers locked phone approval of an account.
    ApprovalLocked = "account.approval_locked";
    /// That was ended, by an access pass or an operator.
    ApprovalUnlocked = "account.approval_unlocked";
    /// A temporary access pass was made.
    AccessPassAdded = "access_pass.added";
    /// A temporary access pass was used.
    AccessPassUsed = "access_pass.used";
    /// A wrong access pass was tried.
    AccessPassRefused = "access_pass.refused";
    /// An account has a password, the first or another.
    PasswordSet = "password.set";
    /// The password of an account was removed.
    PasswordRemoved = "password.removed";
    /// A wrong password was tried.
    PasswordRefused = "password.refused";
    /// A verification code was tried and not accepted.
    CodeRefused = "code.refused";
    /// An authenticator makes verification codes for an account.
    CodeGeneratorAdded = "code_generator.added";
    /// It makes none any more.
    CodeGeneratorRemoved = "code_generator.removed";
    /// An account has a new set of recovery codes.
    RecoveryCodesMade = "recovery_codes.made";
    /// The recovery codes of an account were removed.
    RecoveryCodesRemoved = "recovery_codes.removed";
    /// A recovery code was used.
    RecoveryCodeUsed = "recovery_code.used";
    /// A wrong recovery code was tried.
    RecoveryCodeRefused = "recovery_code.refused";
    /// A passkey or a security key was added to an account.
    CredentialAdded = "credential.added";
    /// It has another name.
    CredentialRenamed = "credential.renamed";
    /// It was removed.
    CredentialRemoved = "credential.removed";
    /// It was tried and not accepted; the detail says why, as far as it is known.
    CredentialRefused = "credential.refused";
    /// An operator ended the wait after wrong passwords or codes.
    WaitsEnded = "account.waits_ended";
    /// Sessions of an account were ended together; the detail says why.
    SessionsEnded = "sessions.ended";
    /// Two-step verification of an account was switched on.
    TwoStepOn = "two_step.on";
    /// It was switched off.
    TwoStepOff = "two_step.off";
    /// The second step that is asked for first was chosen, or none.
    DefaultStepChosen = "default_step.chosen";
    /// A browser stays signed in from now on, or no longer.
    SessionStays = "session.stays";
    /// A browser is spared the second step of an account from now on.
    BrowserRemembered = "browser.remembered";
    /// An account asks each browser for the second step again; the detail says why.
    BrowsersForgotten = "browsers.forgotten";
    /// An enrolment was started.
    EnrolmentStarted = "enrolment.started";
    /// A phone claimed an enrolment.
    EnrolmentClaimed = "enrolment.claimed";
    /// A second phone tried to claim it.
    EnrolmentTaken = "enrolment.taken";
    /// A phone proved its keys.
    EnrolmentProved = "enrolment.proved";
    /// An enrolment ended without a phone.
    EnrolmentEnded = "enrolment.ended";
    /// A phone was added.
    PhoneAdded = "phone.added";
    /// A phone was renamed.
    PhoneRenamed = "phone.renamed";
    /// A setting of a phone was changed.
    PhoneChanged = "phone.changed";
    /// A phone has a new key.
    PhoneKeyRotated = "phone.key_rotated";
    /// A phone has a new PIN.
    PhonePinChanged = "phone.pin_changed";
    /// A phone said where it wants to be rung, or that it doesn't.
    PhonePushChanged = "phone.push_changed";
    /// A phone ran out of PIN tries.
    PhoneLocked = "phone.locked";
    /// A phone was removed.
    PhoneRemoved = "phone.removed";
    /// A request to a phone was made.
    RequestStarted = "request.started";
    /// A request ended, the detail says how.
    RequestSettled = "request.settled";
    /// Evidence was bad.
    RequestBadEvidence = "request.bad_evidence";
    /// Somebody said of a change of an account, by the link of its notice, that it was not its person's.
    ChangeDisowned = "change.disowned";
    /// A request was reported, also a past one.
    RequestReported = "request.reported";
    /// A browser signed in.
    SignedIn = "session.started";
    /// A session ended.
    SignedOut = "session.ended";
    /// The server has a next signing key.
    ServerKeyRolled = "server_key.rolled";
    /// A backup was restored.
    Restored = "backup.restored";
}
