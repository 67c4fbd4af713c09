//! What the protocols crate promises, from the outside: published vectors, our own, and everything that is refused.

#[cfg(test)]
#[path = "protocols/enrolment.rs"]
mod enrolment;
#[cfg(test)]
#[path = "protocols/fuzz.rs"]
mod fuzz;
#[cfg(test)]
#[path = "protocols/fuzz_run.rs"]
mod fuzz_run;
#[cfg(test)]
#[path = "protocols/messages.rs"]
mod messages;
#[cfg(test)]
#[path = "protocols/passkeys.rs"]
mod passkeys;
#[cfg(test)]
#[path = "protocols/pin.rs"]
mod pin;
#[cfg(test)]
#[path = "protocols/properties.rs"]
mod properties;
#[cfg(test)]
#[path = "protocols/published.rs"]
mod published;
#[cfg(test)]
#[path = "protocols/requests.rs"]
mod requests;
#[cfg(test)]
#[path = "protocols/vector_files.rs"]
mod vector_files;
#[cfg(test)]
#[path = "protocols/vectors/mod.rs"]
mod vectors;
#[cfg(test)]
#[path = "protocols/webauthn.rs"]
mod webauthn;
