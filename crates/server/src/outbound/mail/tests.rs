use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread::JoinHandle,
};

use super::*;

/// A mail server for one conversation, which answers `RCPT` as told and returns what it was sent.
fn mail_server(to_recipient: &'static str) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut answer = {
            let mut stream = stream;
            move |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap()
        };
        let mut heard = Vec::new();
        let mut in_body = false;
        answer("220 mail.example.org ESMTP");
        while let Some(Ok(line)) = lines.next() {
            let command = line.split(' ').next().unwrap_or("").to_owned();
            heard.push(line.clone());
            match command.as_str() {
                "." if in_body => {
                    in_body = false;
                    answer("250 2.0.0 taken");
                }
                _ if in_body => {}
                "EHLO" => answer("250 mail.example.org"),
                "RCPT" => answer(to_recipient),
                "DATA" => {
                    in_body = true;
                    answer("354 go on");
                }
                "QUIT" => {
                    answer("221 bye");
                    break;
                }
                _ => answer("250 ok"),
            }
        }
        heard
    });
    (url, server)
}

fn mail() -> Mail {
    Mail {
        id: "job-1".to_owned(),
        to: "ada@example.org".to_owned(),
        subject: "Example School: a phone was added, Zoë's".to_owned(),
        body: "First line.\n.\nThe line above is a dot alone.\n".to_owned(),
    }
}

fn mailer(url: String) -> SmtpMailer {
    SmtpMailer::new(&MailSection { url, from: "Example School <login@example.org>".to_owned() }).unwrap()
}

#[tokio::test]
async fn a_mail_is_said_in_smtp_with_its_headers_and_whole_text() {
    let (url, server) = mail_server("250 ok");
    mailer(url).send(mail()).await.unwrap();
    let heard = server.join().unwrap();
    for line in [
        "MAIL FROM:<login@example.org>",
        "RCPT TO:<ada@example.org>",
        "Message-ID: <job-1@example.org>",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "To: ada@example.org",
        "First line.",
        // A dot alone would end the text: it is doubled on the way (RFC 5321 4.5.2).
        "..",
        "The line above is a dot alone.",
    ] {
        assert!(heard.iter().any(|said| said.starts_with(line)), "{line} in {heard:#?}");
    }
    let subject = heard.iter().find(|line| line.starts_with("Subject: ")).unwrap();
    assert!(subject.is_ascii(), "{subject}");
}

#[tokio::test]
async fn a_refused_recipient_is_final_and_not_named() {
    let (url, server) = mail_server("550 5.1.1 <ada@example.org> is nobody here");
    let error = mailer(url).send(mail()).await.unwrap_err();
    assert!(
        matches!(&error, MailError::Permanent(text) if text.contains("nobody here") && !text.contains("ada@")),
        "{error:?}"
    );
    server.join().unwrap();
}

#[tokio::test]
async fn a_full_or_absent_server_is_tried_again() {
    let (url, server) = mail_server("452 4.2.2 mailbox full");
    let error = mailer(url).send(mail()).await.unwrap_err();
    assert!(matches!(error, MailError::Temporary(_)), "{error:?}");
    server.join().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let error = mailer(url.clone()).send(mail()).await.unwrap_err();
    assert!(matches!(error, MailError::Temporary(_)), "{error:?}");
    assert!(mailer(url).probe().await.is_err());
}

#[tokio::test]
async fn what_is_no_address_is_never_sent() {
    let mut wrong = mail();
    wrong.to = "ada@example.org, eve@example.org".to_owned();
    let error = mailer("smtp://127.0.0.1:9".to_owned()).send(wrong).await.unwrap_err();
    assert!(matches!(error, MailError::Permanent(_)), "{error:?}");
}

#[test]
fn plain_smtp_stays_on_this_machine() {
    let check = |url: &str, from: &str| check(&MailSection { url: url.to_owned(), from: from.to_owned() });
    for url in [
        "smtps://user:secret@mail.example.org",
        "smtps://mail.example.org:465/login.example.org",
        "smtp://user:secret@mail.example.org:587?tls=required",
        "smtp://localhost",
        "smtp://127.0.0.1:2525",
        "smtp://[::1]:25",
    ] {
        assert_eq!(check(url, "login@example.org"), Ok(()), "{url}");
    }
    for (url, from, expected) in [
        ("smtp://mail.example.org", "a@example.org", "only to this machine"),
        ("smtp://mail.example.org?tls=opportunistic", "a@example.org", "only to this machine"),
        ("smtp://mail.example.org?tls=none", "a@example.org", "tls must be required"),
        ("https://user:secret@mail.example.org", "a@example.org", "must start with"),
        ("user:secret@mail.example.org", "a@example.org", "url"),
        ("smtps://", "a@example.org", "url"),
        ("smtps://mail.example.org", "not a sender", "from"),
    ] {
        let error = check(url, from).unwrap_err();
        assert!(error.contains(expected) && !error.contains("secret"), "{url}: {error}");
    }
}

#[test]
fn a_mail_is_never_printed() {
    let shown = format!("{:?}", mail());
    assert!(shown.contains("job-1") && !shown.contains("ada@") && !shown.contains("First line"), "{shown}");
}
