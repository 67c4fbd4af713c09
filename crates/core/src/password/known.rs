//! Passwords that would be tried first: those that many people use, and what everybody knows of an account.

use zeroize::Zeroizing;

use super::{Known, Refused};

/// Those of eight characters and more among the 49,000 commonest of zxcvbn-ts (MIT, see the licence beside the list), in
/// lower case. Shorter ones are refused by their length.
const COMMON: &str = include_str!("../../data/common_passwords.txt");
/// A piece that is repeated to make a password must be longer than this.
const SHORT_PIECE: usize = 4;

/// Whether many people use it in whatever case, or it is one of those, or a short piece, over and over.
pub(super) fn is_common(password: &str) -> bool {
    let lower = Zeroizing::new(password.to_lowercase());
    if is_listed(&lower) {
        return true;
    }
    let piece = repeated_piece(&lower);
    piece.chars().count() <= SHORT_PIECE || (piece.len() < lower.len() && is_listed(piece))
}

/// A new password is rare, and the list is short: each line is looked at.
fn is_listed(lower: &str) -> bool {
    COMMON.lines().any(|line| line == lower)
}

/// The shortest piece that makes the whole when it is repeated; the last time may be cut.
fn repeated_piece(text: &str) -> &str {
    let ends = text.char_indices().map(|(index, c)| index + c.len_utf8());
    let repeats = |end: &usize| text.get(*end..).is_some_and(|rest| text.starts_with(rest));
    ends.into_iter().find(repeats).and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Whether nothing but digits and signs is left of a password without what everybody knows, and what it then is.
pub(super) fn made_of(password: &str, known: &Known<'_>) -> Option<Refused> {
    let local_part = |address: &str| flat(address.split('@').next().unwrap_or_default());
    let words = [
        (flat(known.username), Refused::Username),
        (local_part(known.username), Refused::Username),
        (known.email.map(local_part).unwrap_or_default(), Refused::Email),
        (flat(known.organisation), Refused::Organisation),
        (flat(known.service), Refused::Service),
    ];
    let mut rest = flat(password);
    let mut found = None;
    for (word, refused) in words {
        if !word.is_empty() && rest.contains(word.as_str()) {
            rest = Zeroizing::new(rest.replace(word.as_str(), ""));
            found = found.or(Some(refused));
        }
    }
    found.filter(|_| rest.chars().all(char::is_numeric))
}

/// Letters and digits only, in lower case: blanks and signs hide no name.
fn flat(text: &str) -> Zeroizing<String> {
    let mut flat = Zeroizing::new(String::with_capacity(text.len() * 3));
    flat.extend(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    flat
}
