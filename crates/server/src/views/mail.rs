//! The mails, plain text. Each has a `subject()`; its body is the template.

mod administrators;
mod methods;
mod phones;

pub use self::{
    administrators::{ChangeDisowned, RequestReported},
    methods::{
        CodesChange, CodesChanged, CredentialChange, CredentialChanged, PasswordChange, PasswordChanged,
        RecoveryChange, RecoveryCodesChanged, TwoStepChanged,
    },
    phones::{ApprovalLocked, PhoneAdded, PhoneLocked, PhoneRemoved, RemovedBy},
};
use super::texts::Texts;

/// A subject is one line whatever a phone is called, because a line break would begin another header.
fn subject(texts: &Texts, key: &str, phone_name: &str, organisation: &str) -> String {
    one_line(&texts.fill(key, &[("phone", &phone_name), ("organisation", &organisation)]))
}

fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
