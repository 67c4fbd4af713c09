//! Sends mail by SMTP. Mail carries notices and nothing that lets anybody sign in.

use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp,
};
use url::{Host, Url};

use crate::config::MailSection;

/// A mail to send.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Names it in its `Message-ID`: a mail that is sent twice, because the first answer got lost, has one id.
    pub id: String,
    /// Where it goes.
    pub to: String,
    /// Its subject, one line.
    pub subject: String,
    /// Its text.
    pub body: String,
}

impl std::fmt::Debug for Mail {
    /// Without the address, the text and the link that may be in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a mail was not taken. The texts do not name the recipient, so that they may be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Worth another try: the server is away, busy, or set up wrongly.
    #[error("{0}")]
    Temporary(String),
    /// This mail will never be taken.
    #[error("{0}")]
    Permanent(String),
}

/// Sends mail.
pub trait Mailer: Send + Sync {
    /// Hands a mail to the mail server and returns once it has taken it.
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>>;
}

/// Sends mail by SMTP.
pub struct SmtpMailer {
    url: String,
    from: Mailbox,
}

impl SmtpMailer {
    /// A mailer for a section that [`check`] accepts.
    pub fn new(section: &MailSection) -> Result<Self, String> {
        check(section)?;
        let from = section.from.parse().map_err(|error| format!("from: {error}"))?;
        Ok(Self { url: section.url.clone(), from })
    }

    /// Asks the mail server whether it is there and takes our credentials.
    pub async fn probe(&self) -> Result<(), String> {
        let transport = self.transport().map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, transport.test_connection()).await {
            Err(_) => Err("no answer in time".to_owned()),
            Ok(Err(error)) => Err(with_causes(&error)),
            Ok(Ok(false)) => Err("it does not answer as a mail server".to_owned()),
            Ok(Ok(true)) => Ok(()),
        }
    }

    /// Made for each mail: notices are rare, and the list of authorities that it reads is not small.
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
        Ok(AsyncSmtpTransport::<Tokio1Executor>::from_url(&self.url)?.timeout(Some(COMMAND_PATIENCE)).build())
    }

    fn message(&self, mail: Mail) -> Result<Message, MailError> {
        let wrong =
            |error: &dyn std::fmt::Display| MailError::Permanent(format!("the mail cannot be written: {error}"));
        let to: Address = mail.to.parse().map_err(|_| wrong(&"its address is not one"))?;
        Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .header(AutoSubmitted)
            .body(mail.body)
            .map_err(|error| wrong(&error))
    }
}

impl Mailer for SmtpMailer {
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>> {
        Box::pin(async move {
            let recipient = mail.to.clone();
            let message = self.message(mail)?;
            let transport = self.transport().map_err(|error| failure(&error, &recipient))?;
            match tokio::time::timeout(PATIENCE, transport.send(message)).await {
                Err(_) => Err(MailError::Temporary("the mail server did not answer in time".to_owned())),
                Ok(Err(error)) => Err(failure(&error, &recipient)),
                Ok(Ok(_)) => Ok(()),
            }
        })
    }
}

/// Checks a section of the configuration. Does not connect.
pub fn check(section: &MailSection) -> Result<(), String> {
    let shown =
        "write it as smtps://user:password@mail.example.org or smtp://user:password@mail.example.org:587?tls=required";
    // The address has a password in it, so no message repeats it.
    let url = Url::parse(&section.url).map_err(|_| format!("url is not an address: {shown}"))?;
    let host = url.host().ok_or_else(|| format!("url names no server: {shown}"))?;
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    match (url.scheme(), tls.as_deref()) {
        ("smtps", _) | ("smtp", Some("required")) => {}
        ("smtp", None | Some("opportunistic")) if is_loopback(&host) => {}
        ("smtp", None | Some("opportunistic")) => {
            return Err(
                "url: plain smtp is allowed only to this machine: use smtps://, or add ?tls=required".to_owned()
            );
        }
        ("smtp", Some(_)) => return Err(format!("url: tls must be required: {shown}")),
        _ => return Err(format!("url must start with smtps:// or smtp://: {shown}")),
    }
    let from = &section.from;
    from.parse::<Mailbox>()
        .map(drop)
        .map_err(|_| format!("from: {from:?} is not a sender such as Example School <login@example.org>"))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        // A host of `smtp:` is not normalised by the parser: that is done for the web's own schemes only.
        Host::Domain(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn failure(error: &smtp::Error, recipient: &str) -> MailError {
    let text = with_causes(error).replace(recipient, "[recipient]");
    // RFC 5321 4.2.1. A refusal of our own credentials or set-up (RFC 4954 6) is the operator's to mend, and the mail
    // goes out after that; only a refusal of this mail or its recipient is final.
    let code = error.status().map(u16::from);
    match code {
        Some(530 | 534 | 535 | 538) => MailError::Temporary(text),
        Some(500..=599) => MailError::Permanent(text),
        _ => MailError::Temporary(text),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// RFC 3834 section 5: so that no holiday notice answers us.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// For the whole conversation: less than a job's claim lasts, so that no second worker sends the same mail meanwhile.
const PATIENCE: Duration = Duration::from_secs(25);
/// For each command of it.
const COMMAND_PATIENCE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests;
